"""Way in: its commands, queries, subscriptions and timers. No rule stands here."""

from collections.abc import Sequence

from fivered.chassis import deadlines, going_out
from fivered.chassis.bus import PUBLIC, SELF, Nothing, Service, Tx, query, shown
from fivered.chassis.bus import command as internal
from fivered.chassis.facts import read_in
from fivered.chassis.messages import SYSTEM_ROLE
from fivered.chassis.replies import Page
from fivered.chassis.sealing import Sealing
from fivered.chassis.table import command, subscribe, timer
from fivered.chassis.table import query as asked
from fivered.services.identity import errors, events, replies
from fivered.services.identity.actions import (
    accounts,
    by_phone,
    heard,
    keys,
    offices,
    openid,
    operators,
    own,
    provider,
    signing_in,
    sweeping,
    systems,
)
from fivered.services.identity.messages import TELLS
from fivered.services.identity.settings import SEAL_KEY, IdentitySettings
from fivered.services.identity.storage import accounts as stored
from fivered.services.identity.storage import metadata, personal
from fivered.services.identity.storage.first_steps import FIRST_STEPS
from fivered.services.identity.views import accounts as views
from fivered.services.identity.views import systems as system_views
from fivered.services.identity.views import waiting

ADMINISTRATORS = ("R_SECRETARY", "R_STREET", "R_DISTRICT")
ENROLLING = ("R_STEWARD", "R_GRID", "R_CADRE")
GRANTING = ("R_STREET", "R_DISTRICT")


class Identity(Sealing, Service):
    """账号与登录: accounts, sessions, and which rights a person holds and why."""

    name = "identity"
    shown_by = shown(
        account_id="account", grant_id="grant", session_id="", service_account_id="service_account"
    )
    tables = metadata
    data_map = personal.DATA_MAP
    first_steps = FIRST_STEPS
    waits = waiting.WAITS
    tells = TELLS
    after_told = staticmethod(going_out.after_told)
    publishes = (going_out.MessagesTold,)
    standing = stored.standing
    merged = errors.CallerMerged
    deceased = errors.CallerDeceased
    settings_type = IdentitySettings
    seals_with = SEAL_KEY
    title = "账号与登录 / Identity"
    about = (
        "账号、登录与授权；权限随登记事实生效和终止。"
        " / Accounts, sessions and rights; a right begins and ends with the fact behind it."
    )
    doors = (
        # ------------------------------------------------------------ sessions
        command(
            "POST /sign-in", signing_in.sign_in, roles=(PUBLIC,),
            unkept=("access_token", "refresh_token"), before=signing_in.count_try,
        ),
        command(
            "POST /sign-in-by-phone", by_phone.sign_in_by_phone, roles=(PUBLIC,),
            unkept=("access_token", "refresh_token"), before=by_phone.count_try,
        ),
        command(
            "POST /refresh", signing_in.refresh, roles=(PUBLIC,),
            unkept=("access_token", "refresh_token"), before=signing_in.notice_reuse,
        ),
        command(
            "POST /activate", own.activate, roles=(PUBLIC,),
            unkept=("access_token", "refresh_token"), before=own.count_activation,
        ),
        command("POST /sign-out", signing_in.sign_out, roles=(SELF,)),
        command("POST /sign-out-everywhere", signing_in.sign_out_everywhere, roles=(SELF,)),
        asked("GET /sessions", views.my_sessions, roles=(SELF,)),
        command("POST /sessions/{session_id}/end", signing_in.end_session, roles=(SELF,)),
        asked("GET /keys", views.public_keys, roles=(PUBLIC,)),
        asked(
            "GET /oidc/start", provider.start_at_provider, roles=(PUBLIC,), ahead=openid.known
        ),
        command(
            "POST /oidc/callback", provider.come_from_provider, roles=(PUBLIC,),
            unkept=("access_token", "refresh_token"), before=provider.use_flow,
            ahead=provider.ask_provider,
        ),
        # ------------------------------------------------------------ one's own account
        asked("GET /me", views.me, roles=(SELF,)),
        command(
            "POST /password", own.change_password, roles=(SELF,), before=own.count_own_try
        ),
        command(
            "POST /second-factor", own.begin_factor, roles=(SELF,),
            unkept=("secret", "uri", "qr_svg"),
        ),
        command(
            "POST /second-factor/confirm", own.confirm_factor, roles=(SELF,),
            unkept=("recovery_codes",), before=own.count_own_try,
        ),
        command(
            "POST /second-factor/prove", own.prove_session, roles=(SELF,),
            before=own.count_own_try,
        ),
        # ------------------------------------------------------------ accounts
        command(
            "POST /accounts", accounts.create_account, roles=ADMINISTRATORS,
            unkept=("password",), status=201,
        ),
        asked("GET /accounts", views.account_list, roles=(*ADMINISTRATORS, "R_AUDITOR")),
        asked(
            "GET /accounts/{account_id}", views.account, roles=(*ADMINISTRATORS, "R_AUDITOR")
        ),
        command(
            "POST /accounts/{account_id}/reset", accounts.reset_account, roles=ADMINISTRATORS,
            unkept=("password",), if_match=True,
        ),
        command(
            "POST /accounts/{account_id}/lock", accounts.lock_account, roles=ADMINISTRATORS,
            if_match=True,
        ),
        command(
            "POST /accounts/{account_id}/unlock", accounts.unlock_account, roles=ADMINISTRATORS,
            if_match=True,
        ),
        command(
            "POST /accounts/{account_id}/close", accounts.close_account, roles=ADMINISTRATORS,
            if_match=True,
        ),
        command(
            "POST /accounts/{account_id}/provider", accounts.bind_provider, roles=ADMINISTRATORS,
            if_match=True,
        ),
        command(
            "POST /accounts/{account_id}/provider/end", accounts.unbind_provider,
            roles=ADMINISTRATORS, if_match=True,
        ),
        command(
            "POST /enrolments", accounts.enrol, roles=ENROLLING,
            unkept=("code",), status=201,
        ),
        asked("GET /enrolments", views.enrolment_list, roles=ENROLLING),
        # ------------------------------------------------------------ rights
        command("POST /grants", offices.propose_grant, roles=GRANTING, status=201),
        asked("GET /grants", views.grant_list, roles=(*ADMINISTRATORS, "R_AUDITOR")),
        asked("GET /grants/{grant_id}", views.grant, roles=(*ADMINISTRATORS, "R_AUDITOR")),
        command(
            "POST /grants/{grant_id}/approve", offices.approve_grant, roles=GRANTING,
            if_match=True,
        ),
        command(
            "POST /grants/{grant_id}/refuse", offices.refuse_grant, roles=GRANTING, if_match=True
        ),
        command("POST /grants/{grant_id}/end", offices.end_grant, roles=GRANTING, if_match=True),
        asked(
            "GET /operator-tokens", system_views.operator_token_list,
            roles=("R_DISTRICT", "R_AUDITOR"),
        ),
        command("POST /signing-keys", keys.rotate_signing_key, roles=("R_DISTRICT",)),
        # ------------------------------------------------------------ other systems
        command(
            "POST /service-accounts", systems.propose_service_account, roles=GRANTING, status=201
        ),
        asked(
            "GET /service-accounts", system_views.service_account_list,
            roles=(*GRANTING, "R_AUDITOR"),
        ),
        asked(
            "GET /service-accounts/{service_account_id}", system_views.service_account,
            roles=(*GRANTING, "R_AUDITOR"),
        ),
        command(
            "POST /service-accounts/{service_account_id}/approve",
            systems.approve_service_account, roles=GRANTING, if_match=True,
        ),
        command(
            "POST /service-accounts/{service_account_id}/refuse",
            systems.refuse_service_account, roles=GRANTING, if_match=True,
        ),
        command(
            "POST /service-accounts/{service_account_id}/end",
            systems.end_service_account, roles=GRANTING, if_match=True,
        ),
        command(
            "POST /service-accounts/{service_account_id}/secrets",
            systems.make_service_secret, roles=GRANTING, if_match=True,
            unkept=("client_secret",),
        ),
        asked("GET /scopes", system_views.scope_list, roles=(PUBLIC,)),
        command(
            "POST /token", systems.issue_token, roles=(PUBLIC,), unkept=("access_token",),
            before=systems.count_system_try, oauth=True,
        ),
        # ------------------------------------------------------------ consumed
        subscribe("steward", events.CalendarYearHeard, then=deadlines.consume, name="on_calendar"),
        subscribe("steward", events.PersonErasedHeard, then=heard.erased, name="on_erased"),
        subscribe(
            "steward",
            *read_in(events, "steward", but=(events.CalendarYearHeard, events.PersonErasedHeard)),
            then=heard.consume,
        ),
        subscribe("property", *read_in(events, "property"), then=heard.consume),
        subscribe("partner", *read_in(events, "partner"), then=heard.consume),
        subscribe("forum", *read_in(events, "forum"), then=heard.consume),
        # ------------------------------------------------------------ timers
        timer(going_out.TIMER, going_out.say, together=going_out.SPAN),
        timer("sweep", sweeping.sweep, schedule=sweeping.next_sweep),
    )  # fmt: skip

    def erase_again(self, tx: Tx, person_ids: Sequence[str]) -> None:
        """Close the accounts again of persons whom a restored database has back."""
        heard.erase_again(tx, person_ids)

    @query(roles=(SYSTEM_ROLE,))
    def _standing(self, tx: Tx, body: Nothing) -> replies.Standing:
        """Answer what a gateway must know to believe a token."""
        return views.standing(tx, body)

    @internal(roles=(SYSTEM_ROLE,))
    def _token_made(self, tx: Tx, body: operators.TokenMade) -> replies.Done:
        """Keep that an operator has made a token by the command line."""
        return operators.token_made(tx, body)

    @internal(roles=(SYSTEM_ROLE,))
    def _end_token(self, tx: Tx, body: operators.TokenEnded) -> replies.Done:
        """End a token that an operator has made, from the command line."""
        return operators.end_token(tx, body)

    @query(roles=(SYSTEM_ROLE,))
    def _operator_tokens(
        self, tx: Tx, body: system_views.OperatorTokenList
    ) -> Page[replies.OperatorToken]:
        """Answer the tokens of the command line, for the command line."""
        return system_views.operator_token_list(tx, body)

    @internal(roles=(SYSTEM_ROLE,), unkept=("password",))
    def _first_day(self, tx: Tx, body: accounts.FirstDay) -> replies.NewAccount:
        """Make an administrator of the district, from the operator's command line."""
        return accounts.first_day(tx, body)

    @internal(roles=(SYSTEM_ROLE,))
    def _end_first_day(self, tx: Tx, body: accounts.FirstDay) -> replies.FirstDayEnded:
        """End an administrator's right, from the operator's command line."""
        return accounts.end_first_day(tx, body)
