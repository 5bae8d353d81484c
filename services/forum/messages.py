"""What people are told of a matter of the forum, by the code of the message."""

from __future__ import annotations

from fivered.chassis.refusal import sentences

MESSAGES = sentences(
    {
        "TOPIC_COLLECTED": "议题 {number} 已收集 / Topic {number} is collected",
        "TOPIC_ADOPTED": (
            "议题 {number} 已采纳,将组织协商 / Topic {number} is adopted; a session follows"
        ),
        "TOPIC_REJECTED": (
            "议题 {number} 未被采纳,可申请街道复核一次"
            " / Topic {number} is not adopted; you may ask the street once"
        ),
        "TOPIC_REVIEW_UPHELD": (
            "街道复核:议题 {number} 不予采纳的决定不变。理由:{reasons}"
            " / The street has reviewed topic {number}: it stays rejected. Reasons: {reasons}"
        ),
        "TOPIC_REVIEW_OVERTURNED": (
            "街道复核:议题 {number} 应予受理,社区重新分析。理由:{reasons}"
            " / The street has reviewed topic {number}: it is taken and analysed again. Reasons: "
            "{reasons}"
        ),
        "TOPIC_WITHDRAWN": (
            "议题 {number} 已由提出人撤回 / Topic {number} was withdrawn by its proposer"
        ),
        "TOPIC_HIDDEN": (
            "议题 {number} 的内容已由工作人员隐藏:{reason}"
            " / Staff have hidden what topic {number} says: {reason}"
        ),
        "TOPIC_SHOWN": "议题 {number} 的内容已恢复显示 / What topic {number} says is shown again",
        "TOPIC_REDIRECTED": (
            "议题 {number} 属于单户服务事项,已转交红色管家登记,诉求编号另行告知"
            " / Topic {number} is a matter of one household and was passed to the stewards; you "
            "will "
            "be told the request's number"
        ),
        "TOPIC_REDIRECTED_KNOWN": (
            "议题 {number} 属于单户服务事项,由红色管家按诉求 {request} 办理"
            " / Topic {number} is a matter of one household; the stewards handle it as request "
            "{request}"
        ),
        "TOPIC_REDIRECTED_OWN": (
            "议题 {number} 属于单户服务事项,由红色管家按已登记的诉求办理,可在您的诉求中查询"
            " / Topic {number} is a matter of one household; the stewards handle it as the request "
            "that is registered: look for it among your requests"
        ),
        "TOPIC_REDIRECTED_SIGNED": (
            "您附议的议题 {number} 属于单户服务事项,已转交红色管家,由其与提出人联系办理"
            " / Topic {number}, which you signed, is a matter of one household and was passed to "
            "the stewards, who handle it with who raised it"
        ),
        "TOPIC_REQUEST": (
            "议题 {number} 已登记为红色管家诉求 {request},凭此编号查询办理情况"
            " / Topic {number} is registered with the stewards as request {request}; ask for it by "
            "this number"
        ),
        "TOPIC_MERGED": "议题 {number} 已并入同类议题 / Topic {number} is merged into another",
        "TOPIC_SCHEDULED": (
            "议题 {number} 的协商会已安排 / A session on topic {number} is scheduled"
        ),
        "TOPIC_DELIBERATING": "议题 {number} 开始协商 / The session on topic {number} has begun",
        "TOPIC_ADJOURNED": (
            "议题 {number} 的协商会已休会 / The session on topic {number} is adjourned"
        ),
        "TOPIC_OPINION_DUE": (
            "议题 {number} 表决通过,正在形成意见"
            " / Topic {number} has passed; its opinion is being written"
        ),
        "TOPIC_FAILED": "议题 {number} 未通过 / Topic {number} has not passed",
        "TOPIC_OPINION_DRAFTED": (
            "议题 {number} 的协商意见已起草 / The opinion on topic {number} is drafted"
        ),
        "TOPIC_PUBLICISED": (
            "议题 {number} 的协商意见正在公示 / The opinion on topic {number} is on the board"
        ),
        "TOPIC_OBJECTED": (
            "议题 {number} 的协商意见收到异议"
            " / There is an objection to the opinion on topic {number}"
        ),
        "TOPIC_RESOLVED": "议题 {number} 的决议已生效 / The resolution on topic {number} stands",
        "TOPIC_IMPLEMENTING": (
            "议题 {number} 的落实任务已下达 / The tasks of topic {number} are assigned"
        ),
        "TOPIC_IMPLEMENTING_OTHERWISE": (
            "议题 {number} 的落实任务已下达,与公示意见的安排不一致。理由:{reason}"
            " / The tasks of topic {number} are assigned; they are not those of the published "
            "opinion. Reason: {reason}"
        ),
        "TOPIC_VERIFIED": "议题 {number} 的任务全部验收 / All tasks of topic {number} are accepted",
        "TOPIC_VERIFIED_IN_PART": (
            "议题 {number} 的任务已结束:验收 {accepted} 项,取消 {cancelled} 项"
            " / All tasks of topic {number} have ended: {accepted} accepted, {cancelled} cancelled"
        ),
        "TOPIC_CLOSED": (
            "议题 {number} 已办结,请在 7 日内评价"
            " / Topic {number} is closed; please rate it within 7 days"
        ),
        "TOPIC_DISCONTINUED": (
            "议题 {number} 已由街道终止办理 / The street has ended topic {number}"
        ),
        "DEADLINE_MOVED": (
            "议题 {number} 的办理期限因工作日历变更顺延"
            " / Topic {number}: its deadline is later, since the working days have changed"
        ),
        "TOPIC_TASKS_CANCELLED": (
            "议题 {number} 的任务已取消,将重新下达"
            " / The tasks of topic {number} were cancelled; others will be assigned"
        ),
        "TOPIC_REOPENED": "议题 {number} 的任务重新办理 / A task of topic {number} is done again",
        "TASK_EXTENDED": "议题 {number} 的任务已延期 / A task of topic {number} has a new term",
        "TASK_CANCELLED": (
            "议题 {number} 的任务“{title}”已取消,不再办理。原因:{reason}"
            ' / The task "{title}" of topic {number} was cancelled and will not be done. Reason: '
            "{reason}"
        ),
        "TASK_REASSIGNED": (
            "议题 {number} 的任务“{title}”已改由他方承办。原因:{reason}"
            ' / The task "{title}" of topic {number} was given to somebody else. Reason: {reason}'
        ),
        "TASK_TAKEN_OVER": (
            "议题 {number} 的任务“{title}”因更换物业企业,由接管项目继续办理"
            ' / Another company has taken over: it goes on with the task "{title}" of topic '
            "{number}"
        ),
        "TASK_WAITS": (
            "议题 {number} 的任务交付后超过时限未验收,请督办"
            " / Delivered work of topic {number} was not accepted in time; please see to it"
        ),
        "RESPONSIBLE_NEEDED": (
            "议题 {number} 的任务因物业项目终止已无人承办,请改派"
            " / Nobody does a task of topic {number}: its property project is closed; please give "
            "it to another"
        ),
        "SUPERVISOR_NEEDED": (
            "议题 {number} 的任务已没有居民监督员,请尽快补选"
            " / No resident watches a task of topic {number} any more; please have another "
            "appointed"
        ),
        "SUPERVISOR_RELEASED": (
            "您不再担任议题 {number} 的监督员 / You no longer watch a task of topic {number}"
        ),
        "TOPIC_RETURNED": (
            "议题 {number} 监督未通过,退回重新研判"
            " / Supervision of topic {number} has failed; it is analysed again"
        ),
        "SESSION_MOVED": (
            "议题 {number} 的协商会改期至 {start},地点 {place},请重新答复"
            " / The session on topic {number} is on {start} now, at {place}; please answer again"
        ),
        "SESSION_CANCELLED": (
            "议题 {number} 的协商会已取消:{reason}"
            " / The session on topic {number} was called off: {reason}"
        ),
        "TOPIC_SESSION_CANCELLED": (
            "议题 {number} 的协商会已取消,将另行安排"
            " / The session on topic {number} was called off; another will be arranged"
        ),
        "TOPIC_VOTE_VOID": (
            "议题 {number} 的签到经更正,表决结果不能成立,将重新协商"
            " / Attendance of the session on topic {number} was corrected; its vote does not stand "
            "and the topic is talked about again"
        ),
        "ATTENDANCE_REMOVED": (
            "议题 {number} 协商会的签到已更正:记录为您未到会,您的表决一并取消。"
            "原因:{reason};如有不符,请向街道反映"
            " / Attendance of the session on topic {number} was corrected: you are recorded as "
            "absent, and your vote is gone. Reason: {reason}. If that is wrong, tell the street"
        ),
        "ATTENDANCE_ADDED": (
            "议题 {number} 协商会的签到已更正:记录为您已到会。原因:{reason}"
            " / Attendance of the session on topic {number} was corrected: you are recorded as "
            "present. Reason: {reason}"
        ),
        "INVITATION_LAPSED": (
            "您参加议题 {number} 协商会的邀请已失效:您已不在相关区域登记,或不再任职"
            " / Your invitation to the session on topic {number} has lapsed: you are no longer "
            "registered in the area, or no longer in office"
        ),
        "DELEGATE_DISMISSED": (
            "您不再代为参加议题 {number} 的协商会:原受邀干部已改为本人参加、另派代表,或不再任职"
            " / You do not come to the session on topic {number} for another any more: the "
            "official comes, sends somebody else, or has left office"
        ),
        "INVITATION_WITHDRAWN": (
            "对您参加议题 {number} 协商会的邀请已撤回:{reason}"
            " / Your invitation to the session on topic {number} was withdrawn: {reason}"
        ),
        "OBJECTION_SUSTAINED": (
            "您对议题 {number} 协商意见的异议成立,将重新协商。理由:{reasons}"
            " / Your objection to the opinion on topic {number} was sustained; it is talked about "
            "again. Reasons: {reasons}"
        ),
        "OBJECTION_DISMISSED": (
            "您对议题 {number} 协商意见的异议不成立。理由:{reasons}"
            " / Your objection to the opinion on topic {number} was dismissed. Reasons: {reasons}"
        ),
        "OBJECTION_ANSWERED": (
            "您对议题 {number} 协商意见的异议已答复:{reasons}"
            " / Your objection to the opinion on topic {number} was answered: {reasons}"
        ),
        "DRAW_ENTERED": (
            "工作人员已凭您的签字材料登记您参加随机抽选;如非本意,可随时退出"
            " / Staff have entered you for the draw on a paper that you signed; if you did not "
            "mean "
            "it, leave at any time"
        ),
        "DRAW_LEFT": (
            "工作人员已凭您的签字材料为您办理退出随机抽选;如非本意,请告知社区或街道"
            " / Staff have taken you out of the draw on a paper that you signed; if you did not "
            "mean it, tell the community or the street"
        ),
        "INVITED": (
            "邀请您参加议题 {number} 的协商会 / You are invited to the session on topic {number}"
        ),
        "HOST_DIED": (
            "议题 {number} 的协商会原主持人已去世,请您或社区书记主持"
            " / The host of the session on topic {number} has died; you or the secretary of the "
            "community lead it"
        ),
        "HOST_LEFT": (
            "议题 {number} 的协商会原主持人已离任,请您或社区书记主持"
            " / The host of the session on topic {number} has left office; you or the secretary "
            "of the community lead it"
        ),
        "ANSWERS_MISSING": (
            "议题 {number} 的协商会尚有受邀者未答复,请电话联系"
            " / Some have not answered for the session on topic {number}; please telephone"
        ),
        "ESCALATED": (
            "议题 {number} 超过办理时限,请督办"
            " / Topic {number} has missed a deadline; please see to it"
        ),
        "REQUEST_ESCALATED": (
            "红色管家诉求 {matter} 超过办理时限,升级至您(第 {level} 级),请督办"
            " / The stewards' request {matter} is overdue and has come before you (level {level}); "
            "please see to it"
        ),
        "RECTIFICATION_ESCALATED": (
            "物业整改单 {matter} 逾期,升级至您(第 {level} 级),请督办"
            " / The property's order {matter} is overdue and has come before you (level {level}); "
            "please see to it"
        ),
        "OBJECTION_ESCALATED": (
            "信用异议 {matter} 逾期,升级至您(第 {level} 级),请督办"
            " / The objection {matter} to somebody's credit is overdue and has come before you "
            "(level "
            "{level}); please see to it"
        ),
        "REPAIR_ESCALATED": (
            "信用修复申请 {matter} 逾期未办结,升级至您(第 {level} 级),请督办"
            " / The application {matter} for the repair of credit is overdue and has come before "
            "you "
            "(level {level}); please see to it"
        ),
        "VETO_ESCALATED": (
            "依据 {matter} 提出的一票否决逾期无人确认,升级至您(第 {level} 级),请督办"
            " / The veto proposed by document {matter} was not confirmed in time and has come "
            "before you (level {level}); please see to it"
        ),
        "NOMINEE_ESCALATED": (
            "对表彰 {matter} 候选对象的异议逾期未裁定,升级至您(第 {level} 级),请督办"
            " / The objection to a nominee of commendation {matter} is overdue and has come before "
            "you (level {level}); please see to it"
        ),
        "REFUND_ESCALATED": (
            "兑换单 {matter} 的退回申请逾期未审,升级至您(第 {level} 级),请督办"
            " / The refund asked for on redemption {matter} is overdue and has come before you "
            "(level "
            "{level}); please see to it"
        ),
        "STATEMENT_ESCALATED": (
            "合伙人 {matter} 结算单因基金余额不足待付,请安排资金"
            " / A partner's statement of {matter} waits for money: the fund does not cover it;"
            " please provide for it"
        ),
        "DISPUTE_ESCALATED": (
            "合伙人 {matter} 结算单的异议逾期未复核,升级至您(第 {level} 级),请督办"
            " / The dispute about a partner's statement of {matter} is overdue and has come before "
            "you (level {level}); please see to it"
        ),
        "TASK_OVERDUE": (
            "议题 {number} 的任务逾期,请督办"
            " / A task of topic {number} is overdue; please see to it"
        ),
        "SUPERVISION_MISSED": (
            "议题 {number} 的任务超过 14 天没有监督记录"
            " / A task of topic {number} has had no supervision record for 14 days"
        ),
        "SUPERVISOR_APPOINTED": (
            "您已被推选为议题 {number} 的监督员 / You are a supervisor of topic {number}"
        ),
        "TASK_GIVEN": (
            "议题 {number} 的任务“{title}”由您承办,请于 {until} 前交付"
            ' / The task "{title}" of topic {number} is yours; please deliver it by {until}'
        ),
        "TASK_TO_REDO": (
            "议题 {number} 的任务“{title}”退回返工,请查看验收意见"
            ' / The task "{title}" of topic {number} is to be done again; see what was found'
        ),
        "TASK_DELIVERED": (
            "议题 {number} 的任务已交付,请验收"
            " / A task of topic {number} is delivered; please inspect it"
        ),
    }
)
