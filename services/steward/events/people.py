"""What steward publishes of the people in its registry, and of stewards."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, moment
from fivered.chassis.fields import (
    Community,
    Grid,
    HouseholdId,
    IsAdult,
    PersonId,
)
from fivered.services.steward.fields import (
    DutyOfSteward,
    Grids,
    LeftReason,
    StewardId,
    TypeOfSteward,
)


@fact(
    "resident_registered.v1",
    about="person",
    when="住在某网格的人首次登记时,一次 / when a person who lives in a grid is registered; once",
    by=("register_person", "register_people"),
)
class ResidentRegistered:
    """居民已登记 / A person who lives in a grid was registered."""

    person_id: PersonId
    community: Community
    grid: Grid
    is_adult: IsAdult
    household_id: HouseholdId | None
    synthetic: Annotated[
        bool, Meta(description="是否演示数据 / whether it is a person of the demonstration")
    ]


@fact(
    "person_registered.v1",
    about="person",
    when="不住在任何网格的人登记时;更正、满 18 岁、合并或返回后再发,升级后补报一次 / when a "
    "person is registered who lives in no grid; again when that was wrong, at 18, after a "
    "merge or a return; once more after an upgrade",
    by=(
        "register_person",
        "register_people",
        "correct_person",
        "decide_merge",
        "return_person",
        "on_coming_of_age",
        "on_tell_registered",
    ),
)
class PersonRegistered:
    """人员登记 / Who is registered and lives in no grid: somebody who works here, or runs a shop.

    Said again when it was wrong, and at 18; and once of everybody, here or elsewhere, who
    was registered before it was said at all.
    """

    person_id: PersonId
    is_adult: IsAdult


@fact(
    "resident_moved.v1",
    about="person",
    when="迁到另一网格时,每次一条 / when a resident moves to another grid; each time",
    by=("move_person",),
    after=("resident_registered.v1", "resident_returned.v1"),
)
class ResidentMoved:
    """居民已迁移 / A resident lives in another grid from now on."""

    person_id: PersonId
    from_grid: Grid
    to_grid: Grid
    community: Community
    household_id: HouseholdId | None = None


@fact(
    "resident_deactivated.v1",
    about="person",
    when="迁出本区或死亡登记生效时,每次一条 / when a person has left the district, or a death "
    "is confirmed; each time",
    by=("deactivate_person", "decide_death"),
    after=("resident_registered.v1", "person_registered.v1"),
)
class ResidentDeactivated:
    """居民已注销 / A person left the district or died, with a grid of residence or without."""

    person_id: PersonId
    reason: LeftReason


@fact(
    "person_erased.v1",
    about="person",
    when="删除个人信息的申请获准且已交接时,每个编号一次 / when it was decided that the data of a "
    "person are erased, and what the person held is handed over; once for each id",
    by=("decide_erasure", "on_erasure"),
    after=("resident_deactivated.v1", "person_merged.v1"),
)
class PersonErased:
    """个人信息已删除 / The data of a person were erased; each service erases its own."""

    person_id: PersonId


@fact(
    "sign_in_code_made.v1",
    about="phone_code",
    when="为唯一登记此号码的人生成登录验证码时,一次 / when a code to sign in with is made for the "
    "one person who is registered with a phone; once",
    by=("ask_phone_code",),
)
class SignInCodeMade:
    """登录验证码已生成 / A code was made by which a person signs in.

    It holds neither the code nor the phone. The digest is keyed with what only who has asked for
    the code is told.
    """

    code_id: Annotated[str, Meta(description="验证码申请编号 / id of the request for a code")]
    person_id: PersonId
    digest: Annotated[
        str, Meta(description="验证码的带密钥摘要 / keyed digest of the code (HMAC-SHA-256, hex)")
    ]
    until: Annotated[datetime, moment("有效期,UTC / until when the code is good, in UTC")]


@fact(
    "sign_in_phone_ended.v1",
    about="person",
    when="某人的号码被更正、清空、因合并放弃,或同一号码又登记于他人时,每次一条 / when a person's "
    "phone is another one or none, is given up in a merge, or is registered with somebody else "
    "as well; each time",
    by=(
        "correct_person",
        "decide_correction",
        "return_person",
        "register_person",
        "register_people",
        "decide_merge",
    ),
)
class SignInPhoneEnded:
    """号码不再证明本人 / The phone by which a person may have signed in shows that no more.

    Sessions that began by it end. It holds no number.
    """

    person_id: PersonId
    code_ids: Annotated[
        list[str],
        Meta(
            description="已发出而随即作废的验证码 / codes that were sent and do not count any more"
        ),
    ]


@fact(
    "resident_returned.v1",
    about="person",
    when="迁回、误注销更正或合并后恢复时,每次一条 / when a person lives here again, or was "
    "never gone, also found by a merge; each time",
    by=("return_person", "register_person", "register_people", "decide_merge"),
    after=("resident_deactivated.v1",),
)
class ResidentReturned:
    """居民回迁 / A person lives here again: came back, or was never gone."""

    person_id: PersonId
    community: Community
    grid: Grid
    is_adult: IsAdult
    household_id: HouseholdId | None = None


@fact(
    "resident_came_of_age.v1",
    about="person",
    when="满 18 岁当日,一次 / on the day on which a minor is 18; once",
    by=("on_coming_of_age",),
    after=("resident_registered.v1",),
)
class ResidentCameOfAge:
    """居民成年 / A minor is 18 from today on."""

    person_id: PersonId
    community: Community
    grid: Grid


@fact(
    "resident_corrected.v1",
    about="person",
    when="登记内容更正,或合并使其变化时,每次一条 / when what was registered is put right, or a "
    "merge changes it; each time",
    by=("correct_person", "decide_merge"),
    after=("resident_registered.v1", "resident_returned.v1"),
)
class ResidentCorrected:
    """居民信息更正 / What was registered of a resident was wrong; this holds now."""

    person_id: PersonId
    is_adult: IsAdult
    household_id: HouseholdId | None = None


@fact(
    "person_merged.v1",
    about="person",
    when="重复登记的合并获准时,一次 / when it is decided that two registrations are one human; "
    "once",
    by=("decide_merge",),
    after=("resident_registered.v1", "person_registered.v1"),
)
class PersonMerged:
    """重复登记合并 / Two registrations are one human: `person_id` is given up for `into`."""

    person_id: PersonId
    into: Annotated[PersonId, Meta(description="保留的登记 / the registration that stays")]
    community: Community


@fact(
    "steward_enrolled.v1",
    about="steward",
    when="任管家时;更正后再发 / when a person becomes a steward; again when that is put right",
    by=("enrol_steward", "correct_steward"),
)
class StewardEnrolled:
    """管家已任命 / A person became a steward."""

    steward_id: StewardId
    person_id: PersonId
    type: TypeOfSteward
    duty: DutyOfSteward
    grids: Grids
    community: Community
    spendable: Annotated[
        bool, Meta(description="管家积分能否兑换 / whether the steward's points may be spent")
    ]


@fact(
    "steward_left.v1",
    about="steward",
    when="管家离任时,一次 / when a steward leaves the post; once",
    by=("leave_steward",),
    after=("steward_enrolled.v1",),
)
class StewardLeft:
    """管家已离任 / A steward left a post."""

    steward_id: StewardId
    person_id: PersonId
    duty: DutyOfSteward | None = None
