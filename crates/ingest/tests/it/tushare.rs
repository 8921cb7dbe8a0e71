//! Tushare into an embedded store, over a server that speaks as it does.

use std::{path::Path, sync::Arc, time::Duration};

use stockpile_ingest::{
    Backfill, Error, Fetched, Interface, Patience, Silent, Step, Tushare, TushareIngest, TushareOptions,
};
use stockpile_market::{Exchange, SecurityKind, SuspendType, TradeDate};
use stockpile_storage::{RunState, Store, sqlite};
use tempfile::TempDir;

use crate::{
    clock::ManualClock,
    dump::{dump, same},
    upstream::{
        Reply,
        tushare::{Market, OPEN_DAYS, Served, TOKEN, TOO_OFTEN, refusal, serve},
    },
};

/// After everything of the last day is published.
const EVENING: &str = "2025-02-07T20:00:00+08:00";

struct Desk {
    folder: TempDir,
    served: Served,
    clock: Arc<ManualClock>,
    store: Store,
    ingest: TushareIngest,
}

impl Desk {
    async fn new(market: Market) -> Self {
        Self::at(EVENING, TOKEN, market).await
    }

    async fn at(now: &str, token: &str, market: Market) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = sqlite::open(&database(&folder)).await.unwrap();
        let (served, clock) = (serve(market), ManualClock::at(now));
        let ingest = ingest(&served, token, &clock, &store, folder.path());
        Self { folder, served, clock, store, ingest }
    }

    /// Fetches these interfaces of every day, and gives what was told.
    async fn try_fetch(&self, interfaces: &[Interface]) -> (Vec<Step>, Result<(), Error>) {
        let mut steps = Vec::new();
        let done = self.ingest.run(&backfill(interfaces), &Silent, &mut |step| steps.push(step)).await;
        (steps, done)
    }

    async fn fetch(&self, interfaces: &[Interface]) -> Vec<Step> {
        let (steps, done) = self.try_fetch(interfaces).await;
        done.unwrap();
        steps
    }

    async fn bars(&self, kind: SecurityKind) -> Vec<(String, u32)> {
        let counts = self.store.bars.day_counts(kind).await.unwrap();
        counts.iter().map(|day| (day.trade_date.to_string(), day.rows)).collect()
    }
}

fn database(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("stockpile.db")
}

fn ingest(
    served: &Served,
    token: &str,
    clock: &Arc<ManualClock>,
    store: &Store,
    folder: &Path,
) -> TushareIngest {
    let mut options = TushareOptions::new(served.upstream.url(), token.into());
    // Longer than a busy machine takes to answer.
    let patience = Duration::from_secs(2);
    options.patience = Patience { connect: patience, silence: patience, whole: patience * 20 };
    let source = Tushare::new(options, clock.clone()).unwrap();
    TushareIngest::new(source, store.clone(), folder.join("reports"))
}

fn day(text: &str) -> TradeDate {
    text.parse().unwrap()
}

fn backfill(interfaces: &[Interface]) -> Backfill {
    Backfill { from: day("20250120"), to: day("20250209"), interfaces: interfaces.to_vec(), again: false }
}

fn names(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.name.as_str()).collect()
}

fn failed(step: &Step) -> String {
    match &step.fetched {
        Fetched::Failed(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_whole_market_is_brought_in_day_by_day() {
    let desk = Desk::new(Market::default()).await;
    let steps = desk.fetch(&Interface::ALL).await;
    assert_eq!(
        names(&steps)[..5],
        [
            "tushare trade_cal 20240101-20251231",
            "tushare stock_basic 20250207",
            "tushare fund_basic 20250207",
            "tushare index_basic 20250207",
            "tushare index_daily 20250123-20250207",
        ]
    );
    assert_eq!(steps.len(), 5 + 7 * OPEN_DAYS.len());
    let days = |rows: u32| OPEN_DAYS.map(|day| (day.to_owned(), rows)).to_vec();
    assert_eq!(desk.bars(SecurityKind::Stock).await, days(5));
    assert_eq!(desk.bars(SecurityKind::Etf).await, days(3));
    assert_eq!(desk.bars(SecurityKind::Index).await, days(8));

    let bars = desk.store.bars.on(SecurityKind::Stock, day("20250205")).await.unwrap();
    let bar = &bars[1];
    assert_eq!((bar.ts_code.to_string().as_str(), bar.close, bar.open), ("000002.SZ", 10.01, Some(10.0)));
    assert_eq!((bar.change, bar.vol, bar.amount), (None, Some(843_433.7), Some(961_193.579)));
    let basics = desk.store.basics.on(day("20250205")).await.unwrap();
    assert_eq!((basics[0].pe_ttm, basics[1].pe_ttm), (None, Some(4.75)), "null stays null");
    let limits = desk.store.price_limits.on(day("20250205")).await.unwrap();
    assert_eq!((limits.len(), limits[0].down_limit.to_bits()), (5, 9.0_f64.to_bits()));
    assert_eq!(desk.store.adj_factors.of("510000.SH".parse().unwrap()).await.unwrap().len(), OPEN_DAYS.len());
    let suspended = desk.store.suspensions.on(day("20250206")).await.unwrap();
    assert_eq!(suspended[0].suspend_type, SuspendType::Suspended);
    assert_eq!(desk.store.calendar.days(Exchange::Sse).await.unwrap().len(), 731);
}

#[tokio::test]
async fn facts_name_each_security_once_and_foreign_codes_are_counted() {
    let desk = Desk::new(Market::default()).await;
    let steps = desk.fetch(&[Interface::StockBasic, Interface::IndexBasic]).await;
    let securities = desk.store.securities.all().await.unwrap();
    let names: Vec<(String, &str)> =
        securities.iter().map(|one| (one.ts_code.to_string(), one.name.as_deref().unwrap())).collect();
    assert_eq!(names.len(), 5 + 1 + 2, "{names:?}");
    assert!(names.contains(&("000300.SH".into(), "沪深300")), "the exchange's own row stays");
    assert_eq!(steps.iter().map(|step| step.foreign).collect::<Vec<_>>(), [0, 1, 1]);
    for step in &steps {
        let Fetched::Ingested(ingested) = &step.fetched else { panic!("{step:?}") };
        assert_eq!(ingested.rows.rejected, 0, "{step:?}");
    }
}

#[tokio::test]
async fn a_day_is_whole_although_a_call_gives_no_more_than_its_cap() {
    for (cap, calls) in [(8000, 3), (500, 9)] {
        let desk = Desk::new(Market { funds: 4150, cap, ..Market::default() }).await;
        let mut one = backfill(&[Interface::FundDaily]);
        (one.from, one.to) = (day("20250205"), day("20250205"));
        desk.ingest.run(&one, &Silent, &mut |_| ()).await.unwrap();
        assert_eq!(desk.bars(SecurityKind::Etf).await, [("20250205".to_owned(), 4150)]);
        assert_eq!(desk.served.calls("fund_daily"), calls, "cut at {cap}");
    }
}

#[tokio::test]
async fn pages_that_repeat_rows_are_an_error_and_no_loop() {
    let desk = Desk::new(Market { funds: 4100, keeps_offsets: false, ..Market::default() }).await;
    let steps = desk.fetch(&[Interface::FundDaily, Interface::Daily]).await;
    let told = steps.iter().find(|step| step.unit.interface == Interface::FundDaily).unwrap();
    assert!(failed(told).contains("from row 2001 on"), "{}", failed(told));
    assert_eq!(desk.served.calls("fund_daily"), 2);
    assert!(desk.bars(SecurityKind::Etf).await.is_empty());
    assert_eq!(desk.bars(SecurityKind::Stock).await.len(), OPEN_DAYS.len(), "the others go on");
}

#[tokio::test]
async fn a_bad_token_ends_it_and_is_never_shown() {
    let desk = Desk::at(EVENING, "c0ffee5ecre7", Market::default()).await;
    let (steps, done) = desk.try_fetch(&Interface::ALL).await;
    let error = done.unwrap_err();
    assert!(matches!(error, Error::Token { .. }) && steps.is_empty(), "{error:?}");
    assert!(error.to_string().contains("TUSHARE_TOKEN"), "{error}");
    assert_eq!(desk.served.asked.lock().unwrap().len(), 1);
    let shown = format!("{error:?} {error} {:?}", desk.ingest);
    assert!(!shown.contains("c0ffee5ecre7"), "{shown}");
    assert!(desk.store.ingest.latest(9).await.unwrap().is_empty(), "nothing was begun");
}

#[tokio::test]
async fn an_answer_that_quotes_the_token_is_shown_without_it() {
    let quotes = refusal(-1, &format!("bad request: key={TOKEN}"));
    let desk = Desk::new(Market { always: vec![("daily", quotes)], ..Market::default() }).await;
    let steps = desk.fetch(&[Interface::Daily]).await;
    let told = failed(&steps[1]);
    assert!(told.contains("key=***") && !told.contains(TOKEN), "{told}");
}

#[tokio::test]
async fn an_interface_without_permission_is_left_out_and_the_others_go_on() {
    let refused = refusal(2002, "抱歉，您没有访问该接口的权限");
    let desk = Desk::new(Market { always: vec![("fund_daily", refused)], ..Market::default() }).await;
    let steps = desk.fetch(&[Interface::FundDaily, Interface::Daily]).await;
    assert_eq!(desk.served.calls("fund_daily"), 1, "it is asked once");
    let told = steps.iter().find(|step| step.unit.interface == Interface::FundDaily).unwrap();
    assert!(matches!(&told.fetched, Fetched::Failed(Error::Permission { .. })), "{told:?}");
    assert_eq!(desk.bars(SecurityKind::Stock).await.len(), OPEN_DAYS.len());
}

#[tokio::test]
async fn too_often_waits_for_the_next_minute_and_keeps_to_the_rate_it_was_told() {
    let quirks = vec![("daily", refusal(40203, TOO_OFTEN))];
    let desk = Desk::new(Market { quirks, ..Market::default() }).await;
    desk.fetch(&[Interface::Daily]).await;
    assert_eq!(desk.bars(SecurityKind::Stock).await.len(), OPEN_DAYS.len());
    // A minute for the window; from then on sixty calls a minute.
    let waited = desk.clock.now_s();
    assert!((65.0..68.0).contains(&waited), "{waited} s");

    let never =
        Desk::new(Market { always: vec![("daily", refusal(40203, TOO_OFTEN))], ..Market::default() }).await;
    let steps = never.fetch(&[Interface::Daily]).await;
    assert!(failed(&steps[1]).contains("too often"), "{}", failed(&steps[1]));
    assert_eq!(never.served.calls("daily"), 4, "bounded");
}

#[tokio::test]
async fn a_quota_of_the_day_is_not_waited_for() {
    let spent = refusal(40203, "抱歉，您每天最多访问该接口5次");
    let desk = Desk::new(Market { always: vec![("stk_limit", spent)], ..Market::default() }).await;
    let steps = desk.fetch(&[Interface::StkLimit]).await;
    assert!(matches!(&steps[1].fetched, Fetched::Failed(Error::TooOften { .. })), "{steps:?}");
    assert_eq!(desk.served.calls("stk_limit"), 1);
    assert!(desk.clock.now_s() < 5.0);
}

#[tokio::test]
async fn the_account_is_asked_no_faster_than_it_may_be() {
    let desk = Desk::new(Market::default()).await;
    desk.fetch(&Interface::ALL).await;
    let calls = desk.served.asked.lock().unwrap().len();
    let least = (calls - 1) as f64 * 0.3;
    assert!(desk.clock.now_s() >= least, "{calls} calls in {} s", desk.clock.now_s());
}

#[tokio::test]
async fn failures_that_pass_are_tried_again_and_leave_no_trace() {
    let whole = r#"{"code":0,"msg":"","data":{"fields":["ts_code"],"items":[["000001.SZ"]]}}"#.to_owned();
    let quirks = vec![
        ("daily", Reply::Reset),
        ("daily", Reply::Cut(whole.clone(), 40)),
        ("daily", Reply::Status(502, vec![], "<html>Bad Gateway</html>".into())),
        ("daily", Reply::Silence),
        ("daily_basic", Reply::Json(whole[..60].to_owned())),
        ("daily_basic", refusal(-2001, "服务器内部错误，请稍后重试")),
    ];
    let desk = Desk::new(Market { quirks, ..Market::default() }).await;
    let plain = Desk::new(Market::default()).await;
    let interfaces = [Interface::Daily, Interface::DailyBasic];
    desk.fetch(&interfaces).await;
    plain.fetch(&interfaces).await;
    same(&dump(&desk.store).await, &dump(&plain.store).await);
}

#[tokio::test]
async fn a_failure_that_lasts_is_tried_a_bounded_number_of_times_and_leaves_out_its_interface_alone() {
    type Fits = fn(&Error) -> bool;
    let kinds: [(Reply, Fits); 2] = [
        (Reply::Silence, |error| matches!(error, Error::TimedOut { .. })),
        (Reply::Status(503, vec![], String::new()), |error| matches!(error, Error::OutOfOrder { .. })),
    ];
    for (reply, fits) in kinds {
        let desk =
            Desk::new(Market { always: vec![("fund_basic", reply.clone())], ..Market::default() }).await;
        let steps = desk.fetch(&[Interface::FundBasic, Interface::Daily]).await;
        assert!(matches!(&steps[1].fetched, Fetched::Failed(error) if fits(error)), "{reply:?}: {steps:?}");
        assert_eq!(desk.served.calls("fund_basic"), 5, "{reply:?}");
        assert_eq!(desk.bars(SecurityKind::Stock).await.len(), OPEN_DAYS.len(), "the others go on");
    }
}

#[tokio::test]
async fn a_source_that_is_down_ends_it() {
    let refused = Market { always: vec![("daily", Reply::Reset)], ..Market::default() };
    let desk = Desk::new(refused).await;
    let (_, done) = desk.try_fetch(&[Interface::Daily, Interface::DailyBasic]).await;
    assert!(matches!(done, Err(Error::Unreachable { .. })), "{done:?}");
    assert_eq!((desk.served.calls("daily"), desk.served.calls("daily_basic")), (5, 0));

    let busy = Reply::Status(503, vec![], String::new());
    let always = vec![("stock_basic", busy.clone()), ("fund_basic", busy)];
    let desk = Desk::new(Market { always, ..Market::default() }).await;
    let (steps, done) = desk.try_fetch(&Interface::ALL).await;
    assert!(matches!(done, Err(Error::OutOfOrder { .. })), "the second in a row: {done:?}");
    assert_eq!(names(&steps).len(), 2, "{steps:?}");
    assert_eq!(desk.served.calls("index_basic"), 0);
}

#[tokio::test]
async fn a_login_page_is_named_as_what_it_is() {
    let page =
        Reply::Status(200, vec!["content-type: text/html".into()], "<html><b>Log in</b></html>".into());
    let desk = Desk::new(Market { always: vec![("daily", page)], ..Market::default() }).await;
    let steps = desk.fetch(&[Interface::Daily]).await;
    let told = failed(&steps[1]);
    assert!(told.contains("is not Tushare") && told.contains("<b>Log in</b>"), "{told}");
    let redirect = Reply::Status(302, vec!["location: http://127.0.0.1:1/".into()], String::new());
    let desk = Desk::new(Market { always: vec![("daily", redirect)], ..Market::default() }).await;
    let steps = desk.fetch(&[Interface::Daily]).await;
    assert!(
        failed(&steps[1]).contains("HTTP 302"),
        "a token is not carried elsewhere: {}",
        failed(&steps[1])
    );
}

#[tokio::test]
async fn rows_that_cannot_be_right_are_listed_and_the_others_stay() {
    let row =
        |code: &str, high: &str| format!(r#"["{code}","20250205",10,{high},9.5,10.5,10,null,null,1,1]"#);
    let fields = r#"["ts_code","trade_date","open","high","low","close","pre_close","change","pct_chg","vol","amount"]"#;
    let items =
        [row("000001.SZ", "11"), row("000002.SZ", "9"), row("000001.SZ", "12"), row("60051.SH", "11")];
    let text = format!(r#"{{"code":0,"msg":"","data":{{"fields":{fields},"items":[{}]}}}}"#, items.join(","));
    let desk = Desk::new(Market { always: vec![("daily", Reply::Json(text))], ..Market::default() }).await;
    let mut one = backfill(&[Interface::Daily]);
    (one.from, one.to) = (day("20250205"), day("20250205"));
    let mut steps = Vec::new();
    desk.ingest.run(&one, &Silent, &mut |step| steps.push(step)).await.unwrap();
    let Fetched::Ingested(ingested) = &steps[1].fetched else { panic!("{steps:?}") };
    assert_eq!((ingested.rows.written, ingested.rows.rejected), (1, 3));
    let report = std::fs::read_to_string(ingested.report.as_ref().unwrap()).unwrap();
    for told in ["2,high,9,", "3,,", "4,ts_code,60051.SH,"] {
        assert!(report.contains(told), "{report}");
    }
}

#[tokio::test]
async fn a_day_that_is_not_published_yet_is_asked_for_again_and_an_old_empty_one_once_more() {
    let market = Market { unpublished: vec!["20250123", "20250207"], ..Market::default() };
    let desk = Desk::new(market).await;
    let interfaces = [Interface::Daily, Interface::SuspendD, Interface::IndexDaily];
    let empty = |steps: &[Step]| -> Vec<(String, bool)> {
        let told = steps.iter().filter_map(|step| match step.fetched {
            Fetched::Empty { is_final } => Some((step.name.clone(), is_final)),
            _ => None,
        });
        told.filter(|(name, _)| !name.contains("suspend")).collect()
    };
    let first = desk.fetch(&interfaces).await;
    let name = |day: &str| format!("tushare daily {day}");
    assert_eq!(empty(&first), [(name("20250123"), true), (name("20250207"), false)]);
    let second = desk.fetch(&interfaces).await;
    assert_eq!(names(&second), ["tushare index_daily 20250207", "tushare daily 20250207"]);
    assert_eq!(desk.served.calls("suspend_d"), OPEN_DAYS.len(), "no suspension is an answer, too");
    for _ in 0..2 {
        desk.clock.advance(Duration::from_secs(86_400));
        let again = desk.fetch(&interfaces).await;
        let old: Vec<_> = names(&again).into_iter().filter(|name| name.contains("0123")).collect();
        assert!(old.len() <= 1, "{old:?}");
    }
    let asked = desk.served.asked.lock().unwrap();
    let is_old = |body: &&serde_json::Value| body["params"]["trade_date"] == "20250123";
    let calls = asked.iter().filter(|body| body["api_name"] == "daily").filter(is_old).count();
    assert_eq!(calls, 2, "a slip of the source would have been mended");
}

#[tokio::test]
async fn pages_of_a_round_number_of_rows_end_where_the_source_says_so() {
    let desk =
        Desk::new(Market { funds: 300, keeps_offsets: false, says_more: true, ..Market::default() }).await;
    let mut one = backfill(&[Interface::FundDaily]);
    (one.from, one.to) = (day("20250205"), day("20250205"));
    desk.ingest.run(&one, &Silent, &mut |_| ()).await.unwrap();
    assert_eq!(desk.bars(SecurityKind::Etf).await, [("20250205".to_owned(), 300)]);
}

#[tokio::test]
async fn an_ingest_waits_for_another_that_writes() {
    let desk = Desk::new(Market::default()).await;
    let run = stockpile_storage::NewRun {
        source: "other".to_owned(),
        kind: "daily".to_owned(),
        started_at: EVENING.parse().unwrap(),
    };
    let writing = desk.store.ingest.start(run).await.unwrap();
    let fetching = desk.fetch(&[Interface::Daily]);
    let done = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(desk.bars(SecurityKind::Stock).await.is_empty());
        drop(writing);
    };
    tokio::join!(fetching, done);
    assert_eq!(desk.bars(SecurityKind::Stock).await.len(), OPEN_DAYS.len());
}

#[tokio::test]
async fn what_is_not_published_yet_is_not_asked_for() {
    let desk = Desk::at("2025-02-07T18:00:00+08:00", TOKEN, Market::default()).await;
    let steps = desk.fetch(&[Interface::Daily, Interface::IndexDaily]).await;
    assert!(names(&steps).contains(&"tushare daily 20250207"), "{:?}", names(&steps));
    assert!(names(&steps).contains(&"tushare index_daily 20250123-20250206"), "{:?}", names(&steps));
    desk.clock.advance(Duration::from_secs(3600 + 600));
    let later = desk.fetch(&[Interface::Daily, Interface::IndexDaily]).await;
    assert_eq!(names(&later), ["tushare index_daily 20250207"]);
}

#[tokio::test]
async fn without_a_calendar_no_day_is_guessed() {
    let desk = Desk::new(Market { has_calendar: false, ..Market::default() }).await;
    let (_, done) = desk.try_fetch(&[Interface::Daily]).await;
    assert!(matches!(done, Err(Error::NoCalendar { .. })), "{done:?}");
    assert_eq!(desk.served.calls("daily"), 0);
}

#[tokio::test]
async fn a_second_fetch_asks_for_nothing_and_again_asks_for_everything() {
    let desk = Desk::new(Market::default()).await;
    desk.fetch(&Interface::ALL).await;
    let before = desk.served.asked.lock().unwrap().len();
    let rows = dump(&desk.store).await;
    assert!(desk.fetch(&Interface::ALL).await.is_empty());
    assert_eq!(desk.served.asked.lock().unwrap().len(), before);
    let again = Backfill { again: true, ..backfill(&Interface::ALL) };
    desk.ingest.run(&again, &Silent, &mut |_| ()).await.unwrap();
    assert_eq!(desk.served.asked.lock().unwrap().len(), 2 * before);
    same(&dump(&desk.store).await, &rows);
}

#[tokio::test]
async fn one_that_is_stopped_after_any_step_ends_with_the_rows_of_an_unbroken_one() {
    let market = Market::default();
    let wanted = Backfill { from: day("20250205"), to: day("20250206"), ..backfill(&Interface::ALL) };
    let unbroken = Desk::new(market.clone()).await;
    let mut steps = 0;
    unbroken.ingest.run(&wanted, &Silent, &mut |_| steps += 1).await.unwrap();
    let expected = dump(&unbroken.store).await;
    for stop in 1..steps {
        let desk = Desk::new(market.clone()).await;
        let (sender, stopped) = tokio::sync::oneshot::channel();
        let (mut sender, mut heard) = (Some(sender), 0);
        let mut hear = |_| {
            heard += 1;
            if heard == stop {
                let _ = sender.take().unwrap().send(());
            }
        };
        tokio::select! {
            biased;
            _ = stopped => {}
            done = desk.ingest.run(&wanted, &Silent, &mut hear) => panic!("not stopped: {done:?}"),
        }
        // Another process would open the store anew.
        let store = sqlite::open(&database(&desk.folder)).await.unwrap();
        let resumed = ingest(&desk.served, TOKEN, &desk.clock, &store, desk.folder.path());
        let mut rest = 0;
        resumed.run(&wanted, &Silent, &mut |_| rest += 1).await.unwrap();
        assert_eq!(rest, steps - stop, "stopped after {stop}");
        same(&dump(&desk.store).await, &expected);
        let runs = store.ingest.latest(999).await.unwrap();
        let failed = runs.iter().filter(|run| run.state != RunState::Done).count();
        assert!(failed <= 1, "{failed} runs were not done");
    }
}

impl ManualClock {
    fn now_s(&self) -> f64 {
        use stockpile_ingest::Clock as _;
        self.elapsed().as_secs_f64()
    }
}
