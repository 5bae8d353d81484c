"""How volunteer activities refuse."""

from fivered.chassis.refusal import Guard


class WrongActivityCode(Guard):
    """It is another one, or older than twenty minutes."""

    text = "签到码不正确或已失效 / The code is wrong, or too old"


class NotSignedUp(Guard):
    """Nor is a place free."""

    text = "未报名,或仍在候补 / You have not signed up, or there is no place yet"


class NotYetOpen(Guard):
    """Check-in begins half an hour before."""

    text = "签到未开始或已结束 / Check-in has not begun, or is over"
