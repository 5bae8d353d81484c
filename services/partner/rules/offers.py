"""What may be offered, where, and at which price."""

import re
import unicodedata
from datetime import date, datetime, timedelta
from functools import partial

from fivered.chassis.calendar import Calendar, with_zone
from fivered.chassis.refusal import Said, require_all, said, sentences
from fivered.chassis.text import FIRST_YEAR, LAST_YEAR, in_reach
from fivered.services.partner.errors import (
    CategoryForbidden,
    LevelAreaMismatch,
    LevelDenied,
    PriceRange,
    ScopeTooWide,
    SettleMode,
    ValidityWrong,
)

MOST_POINTS = 2_000
MOST_VALUE = 10_000_000
MOST_FEN_PER_POINT = 10
MOST_QUANTITY = 20
MEDICAL = frozenset({"HOSPITAL", "CLINIC", "PHARMACY"})

# Whole words, because single characters stand in innocent names (烟台苹果).
_FORBIDDEN = {
    "TOBACCO": "香烟 卷烟 烟草 电子烟 烟酒 雪茄",
    "ALCOHOL": "白酒 啤酒 红酒 黄酒 葡萄酒 洋酒 酒类 米酒",
    "CASH": "现金 提现 返现 转账 红包",
    "PREPAID_CARD": "购物卡 储值卡 预付卡 充值卡 加油卡 代金卡 礼品卡 会员储值",
    "FINANCE": "理财 保险 贷款 彩票 证券 股票 债券",
    "MEDICAL_TREATMENT": "治疗 手术 处方 输液 注射 住院 开药 药品",
}
_FORBIDDEN_LATIN = {
    "TOBACCO": {"tobacco", "cigarette", "cigarettes"},
    "ALCOHOL": {"liquor", "beer", "wine", "alcohol"},
    "CASH": {"cash"},
    "PREPAID_CARD": {"prepaid", "giftcard"},
    "FINANCE": {"loan", "insurance", "lottery"},
    "MEDICAL_TREATMENT": {"treatment", "surgery", "prescription"},
}
FORBIDDEN_CATEGORIES = sentences(
    {
        "TOBACCO": "烟草 / tobacco",
        "ALCOHOL": "酒类 / alcohol",
        "CASH": "现金 / cash",
        "PREPAID_CARD": "可变现的预付卡 / prepaid cards that turn into cash",
        "FINANCE": "金融产品 / financial products",
        "MEDICAL_TREATMENT": "诊疗 / medical treatment",
    }
)


def require_allowed(*, title: str, category: str | None, kind: str, partner_category: str) -> None:
    """Refuse what points may never buy.

    Args:
        title: What people will read.
        category: What the partner says it is, if anything.
        kind: GOODS, SERVICE or DISCOUNT.
        partner_category: Trade of the partner.

    Raises:
        CategoryForbidden: Treatment, tobacco, alcohol, cash, prepaid cards or financial products;
            or goods of a medical partner, which would be medicines.

    Source:
        DOMAIN 2.4.1.
    """
    if category in FORBIDDEN_CATEGORIES:
        raise CategoryForbidden(field="category", what=FORBIDDEN_CATEGORIES[category])
    if partner_category in MEDICAL and kind == "GOODS":
        raise CategoryForbidden(field="kind", what=FORBIDDEN_CATEGORIES["MEDICAL_TREATMENT"])
    # Full-width letters and spaces inside a word are the usual ways around a word list.
    plain = unicodedata.normalize("NFKC", title).casefold()
    joined, latin = "".join(plain.split()), set(re.findall(r"[a-z]+", plain))
    for kind_of_goods, words in _FORBIDDEN.items():
        found = any(word in joined for word in words.split())
        if found or latin & _FORBIDDEN_LATIN[kind_of_goods]:
            raise CategoryForbidden(field="title", what=FORBIDDEN_CATEGORIES[kind_of_goods])


def require_scope_inside(scope: str, area: str) -> None:
    """Refuse an offer that would be valid outside its partner's area.

    Raises:
        ScopeTooWide: `scope` does not lie in `area`.
    """
    if not scope.startswith(area):
        raise ScopeTooWide(field="scope", scope=scope, area=area)


def require_prices(
    *,
    kind: str,
    points_price: int,
    face_value_fen: int,
    settle_fen_per_point: int,
    settle_mode: str,
) -> None:
    """Refuse prices outside their ranges.

    Args:
        kind: Only a DISCOUNT may cost no points.
        points_price: Points per piece, 1 to 2,000.
        face_value_fen: What it costs in the shop.
        settle_fen_per_point: What the fund pays per point, 0 to 10.
        settle_mode: FUND, SPONSOR or MIXED.

    Raises:
        PriceRange: A number lies outside.
        SettleMode: A sponsor would be paid.

    Source:
        DOMAIN 2.4.1, Appendix A.
    """
    least = 0 if kind == "DISCOUNT" else 1
    points, per_point = (
        said("积分价 / The price in points"),
        said("每分结算额(分) / The amount per point (fen)"),
    )
    value = said("面值(分) / The face value (fen)")
    require_all(
        lambda: _require_within("points_price", points_price, points, least, MOST_POINTS),
        lambda: _require_within(
            "settle_fen_per_point", settle_fen_per_point, per_point, 0, MOST_FEN_PER_POINT
        ),
        lambda: _require_within("face_value_fen", face_value_fen, value, 0, MOST_VALUE),
    )
    if settle_mode == "SPONSOR" and settle_fen_per_point:
        raise SettleMode(field="settle_fen_per_point")


def _require_within(name: str, number: int, what: Said, least: int, most: int) -> None:
    if not least <= number <= most:
        raise PriceRange(field=name, what=what, least=least, most=most)


def require_level_area(level: str, area: str) -> None:
    """Refuse an area code that does not fit the partner's level.

    Raises:
        LevelAreaMismatch: A street has 9 digits, a community 12.
    """
    digits = 9 if level == "STREET" else 12
    if len(area) != digits:
        raise LevelAreaMismatch(field="area", level=level, digits=digits)


# Level of an offer -> who approves it, and who does as well once it has waited too long: where the
# only official has a stake in the partner, nobody else would ever.
APPROVERS = {"COMMUNITY": ("R_CADRE", "R_STREET"), "STREET": ("R_STREET", "R_DISTRICT")}
APPROVE_WORKING_DAYS = 5


def late_before(calendar: Calendar, now: datetime) -> datetime:
    """Return before which instant prices were proposed that have waited too long by now."""
    day = calendar.local_date(now)
    passed = 0
    while passed < APPROVE_WORKING_DAYS:
        day -= timedelta(days=1)
        passed += calendar.is_working_day(day)
    return calendar.midnight(day)


def require_approver(level: str, role: str, *, late: bool) -> None:
    """Refuse an approver of another level.

    Args:
        level: That of the offer.
        role: The caller's.
        late: Its prices have waited too long, so that the level above approves them as well.

    Raises:
        LevelDenied: Community-level offers are approved by R_CADRE, street-level by R_STREET.

    Source:
        DOMAIN 2.4.2.
    """
    wanted, above = APPROVERS[level]
    if role != wanted and not (late and role == above):
        raise LevelDenied(level=level, role=wanted)


_DAY_LENGTH = len("2025-12-31")


def validity(valid_from: str, valid_to: str) -> tuple[datetime, datetime]:
    """Read an offer's validity.

    Args:
        valid_from: ISO date or time; a date means its local beginning.
        valid_to: ISO date or time; a date means its local end, so the day itself counts.

    Returns:
        The instants from (inclusive) and to (exclusive); from < to.

    Raises:
        ValidityWrong: Unreadable, or it ends before it begins.
    """
    read = (
        partial(_instant, "valid_from", valid_from, 0),
        partial(_instant, "valid_to", valid_to, 1),
    )
    require_all(*read)
    begins, ends = (one() for one in read)
    if begins >= ends:
        raise ValidityWrong(
            field="valid_to", reason=said("结束不晚于开始 / the end is not after the beginning")
        )
    return begins, ends


def require_ahead(ends: datetime, now: datetime) -> None:
    """Refuse an offer whose time is over before it begins.

    Raises:
        ValidityWrong: It is.
    """
    if ends <= now:
        raise ValidityWrong(
            field="valid_to", reason=said("结束时间已过 / the end has passed already")
        )


def _require_reach(name: str, at: date | datetime) -> None:
    if not in_reach(at):
        raise ValidityWrong(
            field=name,
            reason=said(
                "{year} 不在 {first} 至 {last} 年之间 / {year} is not from {first} to {last}",
                year=at.year,
                first=FIRST_YEAR,
                last=LAST_YEAR - 1,
            ),
        )


def _instant(name: str, text: str, days: int) -> datetime:
    try:
        if len(text) <= _DAY_LENGTH:
            # strptime has one form; fromisoformat also reads 20251231 and 2025-W53 as days.
            day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a local day
            _require_reach(name, day)
            return Calendar.midnight(day + timedelta(days=days))
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ValidityWrong(
            field=name, reason=said("{day} 不是日期 / {day} is no day", day=text[:40])
        ) from error
    _require_reach(name, at)
    return with_zone(at)
