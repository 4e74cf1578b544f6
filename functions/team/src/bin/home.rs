//! The first page of a day in one answer: the caller's tasks that are overdue or due today, their deals without a next step, who became
//! hot since yesterday, what was won this month and what is open; for who leads a team the same per person; for a new tenant what it does
//! first.
//!
//! Days and months begin in the member's zone, else the tenant's. What the caller may not read is null; nothing is refused besides.

use std::process::ExitCode;

use futures_util::future::try_join4;
use jiff::tz::TimeZone;
use shared::domain::ids::MemberId;
use shared::http::{self, Call, Json};
use shared::store::choice::{Between, Choice};
use shared::store::home::{self, Day};
use shared::store::tasks::{self, Filter};
use shared::store::window::Window;
use shared::store::{settings, team};
use shared::views::home::{HomeView, HotLeadView, HotLeadsView, PersonView, TeamFiguresView, first_steps, goal, sums};
use shared::views::tasks::TaskView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::get("/api/v1/home", Scope::TeamRead, handle)
}

const TASKS: i64 = 20;
const DEALS: i64 = 10;
const HOT: i64 = 10;

async fn handle(call: Call) -> Result<Json<HomeView>, Failure> {
    let (tx, caller) = (&call.tx, &call.caller);
    let (reads_tasks, reads_deals, reads_leads) =
        (caller.may(Scope::TasksRead), caller.may(Scope::DealsRead), caller.may(Scope::LeadsRead));
    let member = match caller.member() {
        Some(id) => team::find(tx, id).await?,
        None => None,
    };
    let settings = settings::get(tx).await?;
    let zone = member.as_ref().and_then(|member| member.profile.zone.clone()).unwrap_or(settings.facts.zone);
    let now = call.now.to_zoned(TimeZone::get(&zone).unwrap_or(TimeZone::UTC));
    let (day, me) = (Day::of(&now)?, member.map(|member| member.id));
    let leads_team = caller.may(Scope::TeamWrite);

    let figures = async {
        match me.filter(|_| !leads_team) {
            None if !leads_team => Ok(Vec::new()),
            only => home::list_people(tx, day, only).await,
        }
    };
    let money = async { if reads_deals { home::list_money(tx, day).await.map(Some) } else { Ok(None) } };
    let mine = async {
        let tasks = if reads_tasks { due(tx, me, day).await? } else { None };
        let deals = match me.filter(|_| reads_deals) {
            Some(me) => Some(home::list_deals_without_next_step(tx, me, DEALS).await?),
            None => None,
        };
        Ok((tasks, deals))
    };
    let rest = async {
        let of = if leads_team { None } else { me };
        let hot = if reads_leads { Some(home::list_hot(tx, day, of, HOT).await?) } else { None };
        Ok((hot, home::first_steps(tx).await?))
    };
    let (people, money, (tasks, deals), (hot, steps)) = try_join4(figures, money, mine, rest).await?;

    let goals = &settings.facts.goals;
    let view = |person| PersonView::of(person, money.as_deref(), goals);
    let own = people.iter().find(|person| Some(person.id) == me).cloned().map(view);
    Ok(Json::new(HomeView {
        today: now.date(),
        zone,
        tasks: tasks.map(|tasks| tasks.into_iter().map(TaskView::from).collect()),
        deals_without_next_step: deals.map(|deals| deals.into_iter().map(Into::into).collect()),
        hot_leads: hot
            .map(|(leads, total)| HotLeadsView { total, data: leads.into_iter().map(HotLeadView::from).collect() }),
        me: own,
        team: money.as_deref().map(|money| TeamFiguresView {
            money: sums(money, |_| true),
            goal_minor: goal(goals, None),
            goal_currency: settings.currency.clone(),
        }),
        people: leads_team.then(|| people.into_iter().map(view).collect()),
        first_steps: first_steps(steps),
    }))
}

/// The caller's tasks that are overdue or due today; none for who is no member.
async fn due(tx: &shared::store::Tx, me: Option<MemberId>, day: Day) -> Result<Option<Vec<tasks::Task>>, Failure> {
    let Some(me) = me else { return Ok(None) };
    let filter = Filter {
        owner: Choice::only(Some(me)),
        status: Choice::only(Some("open".to_owned())),
        due: Between { before: Some(day.tomorrow), ..Between::default() },
        ..Filter::default()
    };
    tasks::list(tx, &filter, Window::first("due_at", TASKS)).await.map(Some)
}
