"""What a company that goes has to hand over. Pure.

Source:
    Civil Code 949; 物业管理条例 art. 29, 36.
"""

from __future__ import annotations

# Working days until everything is to be handed over.
HANDOVER_DAYS = 10
# Kind and title of what every compound has.
STANDARD_ITEMS = (
    ("DOCUMENTS", "竣工验收资料:总平面图、建筑结构设备竣工图、地下管网竣工图"),
    ("DOCUMENTS", "设施设备的安装、使用和维护保养等技术资料"),
    ("DOCUMENTS", "物业质量保修文件和物业使用说明文件"),
    ("DOCUMENTS", "业主名册、装修和维修记录"),
    ("KEYS", "物业服务用房、设备房、配电间的钥匙和门禁、监控密码"),
    ("FUNDS", "预收物业费、押金、公共收益的账目和余额"),
    ("FACILITIES", "消防、电梯、监控等共用设施设备的现状查验"),
)
