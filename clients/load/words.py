"""Names that mean nobody and nothing: of communities, people, companies and shops."""

from __future__ import annotations

# The units that the district itself administers (DOMAIN 1.1): real names, real codes.
UNITS: tuple[tuple[str, str, str], ...] = (
    ("370811005", "李营街道", "STREET"),
    ("370811006", "南张街道", "STREET"),
    ("370811007", "仙营街道", "STREET"),
    ("370811008", "金城街道", "STREET"),
    ("370811009", "廿里铺街道", "STREET"),
    ("370811011", "古槐街道", "STREET"),
    ("370811012", "济阳街道", "STREET"),
    ("370811013", "阜桥街道", "STREET"),
    ("370811014", "越河街道", "STREET"),
    ("370811015", "观音阁街道", "STREET"),
    ("370811016", "南苑街道", "STREET"),
    ("370811017", "安居街道", "STREET"),
    ("370811018", "唐口街道", "STREET"),
    ("370811102", "长沟镇", "TOWN"),
    ("370811111", "喻屯镇", "TOWN"),
)

PLACES: tuple[str, ...] = (
    "春晖", "锦绣", "和韵", "明德", "枫林", "澄湖", "望岳", "新程", "清荷", "柳岸", "松涛", "竹韵",
    "兰亭", "梅园", "杏坛", "棠溪", "云锦", "晴川", "星河", "月泉", "朝阳", "映山", "听雨", "观澜",
    "书香", "墨池", "鹤鸣", "凤栖", "鹿鸣", "雁归", "同心", "同乐", "和悦", "安和", "康宁", "永福",
    "怡景", "美景", "碧波", "翠屏", "芳草", "百合", "银杏", "香樟", "水杉", "玉兰", "海棠", "丁香",
    "丰泽", "润泽", "德馨", "文汇", "博雅", "致远", "启明", "恒安", "金穗", "麦香", "桃源", "石榴",
)  # fmt: skip
# A name that is used again says where it lies.
SIDES: tuple[str, ...] = ("", "东", "西", "南", "北", "中", "新", "上", "下", "前", "后", "里")

# The hundred commonest surnames, by descending frequency, with weights per ten thousand.
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_LEADING = (700, 700, 680, 540, 450, 310, 230, 220, 210, 200)
SURNAME_WEIGHTS = tuple(
    _LEADING[place] if place < len(_LEADING) else max(25, 166 - 2 * place)
    for place in range(len(SURNAMES))
)

GIVEN = (
    "安邦宝北本彬斌冰博才采灿昌长常超辰晨成诚承城驰川春慈聪翠达丹道德冬栋端敦恩帆凡方芳"
    "菲芬枫峰锋凤夫福刚光广桂国海涵寒翰航豪浩皓禾合和荷贺鹤恒弘宏洪鸿厚虎华桦怀欢辉慧"
    "惠吉济佳家嘉坚建江杰洁今金津锦瑾进晋景静镜菊娟君俊凯楷康可克宽奎坤兰岚朗乐雷磊蕾"
    "莉立丽利良亮林琳玲凌龙露璐伦满茂梅美萌梦民敏明铭墨木娜南楠宁农攀培沛朋鹏平萍朴启"
    "琪祺谦强巧琴青清晴庆秋泉然仁荣蓉如瑞润山珊尚少绍深生胜盛诗石士书舒淑树爽顺思松"
)

COMPANY_TAILS: tuple[str, ...] = ("物业有限公司", "物业服务有限公司", "家园物业有限公司")
COMPOUND_TAILS: tuple[str, ...] = ("苑", "花园", "家园", "小区", "雅居", "公寓")

# Category of the partner -> what its name ends with, and what it offers: (kind, title, fen).
SHOPS: dict[str, tuple[str, tuple[tuple[str, str, int], ...]]] = {
    "SUPERMARKET": (
        "超市",
        (
            ("GOODS", "大米五公斤", 3200),
            ("GOODS", "食用油一桶", 5600),
            ("GOODS", "洗衣液一瓶", 2600),
            ("GOODS", "纸巾一提", 1900),
            ("DISCOUNT", "日用品九折", 1000),
        ),
    ),
    "CINEMA": (
        "影城",
        (
            ("SERVICE", "电影票一张", 4000),
            ("SERVICE", "亲子电影票两张", 7600),
            ("GOODS", "爆米花一份", 1800),
        ),
    ),
    "HOSPITAL": (
        "医院",
        (
            ("SERVICE", "基础体检一次", 12000),
            ("SERVICE", "口腔检查一次", 5000),
            ("SERVICE", "视力检查一次", 3000),
        ),
    ),
    "BOOKSHOP": (
        "书店",
        (
            ("GOODS", "儿童读物一册", 3000),
            ("GOODS", "笔记本两册", 1600),
            ("SERVICE", "亲子阅读课一次", 5000),
        ),
    ),
    "BARBER": (
        "理发店",
        (
            ("SERVICE", "理发一次", 2500),
            ("SERVICE", "老人上门理发一次", 4000),
            ("DISCOUNT", "理发八折", 500),
        ),
    ),
    "GROCERY": (
        "便民店",
        (
            ("GOODS", "鸡蛋两斤", 1300),
            ("GOODS", "牛奶一箱", 4800),
            ("GOODS", "面粉五公斤", 2400),
        ),
    ),
    "LAUNDRY": (
        "洗衣店",
        (
            ("SERVICE", "外套清洗一件", 2500),
            ("SERVICE", "被子清洗一条", 4000),
            ("DISCOUNT", "洗衣八五折", 600),
        ),
    ),
    "RESTAURANT": (
        "餐馆",
        (
            ("GOODS", "家常套餐一份", 3000),
            ("SERVICE", "老人助餐一次", 1500),
            ("DISCOUNT", "堂食九折", 800),
        ),
    ),
    "CONVENIENCE_STORE": (
        "便利店",
        (
            ("GOODS", "早餐一份", 800),
            ("GOODS", "雨伞一把", 2800),
            ("SERVICE", "代收快递一月", 1000),
        ),
    ),
}
STREET_TRADES: tuple[str, ...] = ("SUPERMARKET", "CINEMA", "HOSPITAL", "BOOKSHOP", "RESTAURANT")
COMMUNITY_TRADES: tuple[str, ...] = (
    "BARBER", "GROCERY", "LAUNDRY", "RESTAURANT", "CONVENIENCE_STORE",
)  # fmt: skip
