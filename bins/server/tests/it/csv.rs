use serde_json::Value;

use crate::app::{HEADER, TestApp};

/// Every list route, with rows.
const LISTS: [&str; 7] = [
    "/api/overview/hot-stocks?limit=5",
    "/api/overview/hot-etfs?limit=5",
    "/api/overview/indices?date=20250205",
    "/api/stock/600519.SH/daily?adjust=none",
    "/api/daily?date=20250205",
    "/api/daily?codes=600519,510300",
    "/api/stocks/search?q=000001",
];

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn every_list_has_the_same_figures_in_csv_as_in_json() {
    let app = TestApp::with_a_small_market().await;
    for target in LISTS {
        let json = app.json(target).await;
        let response = app.get(&format!("{target}&format=csv")).await;
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8", "{target}");
        let text = response.text().await.unwrap();
        let mut lines = text.split_terminator("\r\n");
        let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
        let rows = json["data"].as_array().unwrap();
        assert!(!rows.is_empty(), "{target}");
        for row in rows {
            assert_eq!(columns.len(), row.as_object().unwrap().len(), "{target}");
            let expected: Vec<String> = columns.iter().map(|column| cell(&row[*column])).collect();
            assert_eq!(lines.next().unwrap(), expected.join(","), "{target}");
        }
        assert_eq!(lines.next(), None);
    }
}

#[tokio::test]
async fn csv_has_a_tag_and_a_body_of_its_own() {
    let app = TestApp::with_a_small_market().await;
    for target in LISTS {
        let json = app.get(target).await;
        let csv = app.get_with(target, &[("accept", "text/csv, application/json;q=0.5")]).await;
        assert_eq!(
            (&csv.headers()["x-cache"], &csv.headers()["vary"]),
            (&"miss".parse().unwrap(), &"Accept, Accept-Encoding".parse().unwrap())
        );
        assert_ne!(csv.headers()["etag"], json.headers()["etag"], "{target}");
        let tag = csv.headers()["etag"].to_str().unwrap().to_owned();
        let again = app.get_with(&format!("{target}&format=csv"), &[("if-none-match", &tag)]).await;
        assert_eq!((again.status().as_u16(), &again.headers()["x-cache"]), (304, &"hit".parse().unwrap()));
        assert_eq!(again.headers()["vary"], "Accept-Encoding");
    }
}

#[tokio::test]
async fn a_list_without_rows_keeps_its_header() {
    let app = TestApp::start().await;
    let text = app.get("/api/overview/indices?format=csv").await.text().await.unwrap();
    assert_eq!(text, "ts_code,name,close,change,pct_chg,vol,amount\r\n");
}

#[tokio::test]
async fn a_packed_csv_page_tells_where_the_next_begins() {
    let app = TestApp::start().await;
    let rows: String =
        (600_000..600_100).map(|code| format!("{code}.SH,20250205,10,10,10,10,10,0,0,1,1\n")).collect();
    app.ingest("day.csv", HEADER.to_owned() + &rows).await;
    let target = "/api/daily?date=20250205&limit=60&format=csv";
    for _ in 0..2 {
        let plain = app.get(target).await;
        let packed = app.get_with(target, &[("accept-encoding", "gzip")]).await;
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        assert_eq!(packed.headers()["x-next-cursor"], plain.headers()["x-next-cursor"]);
        assert_eq!(packed.headers()["content-type"], "text/csv; charset=utf-8");
    }
    assert_eq!(app.get(target).await.text().await.unwrap().lines().count(), 61);
}

#[tokio::test]
async fn text_that_a_spreadsheet_would_reckon_is_left_as_it_is() {
    let app = TestApp::start().await;
    app.ingest(
        "stock_basic.csv",
        "ts_code,name,area,industry,list_date\n600519.SH,\"=1+1,\"\"x\"\"\",,,20010827\n",
    )
    .await;
    let text = app.get("/api/stocks/search?q=600519&format=csv").await.text().await.unwrap();
    assert_eq!(text, "ts_code,name,board,kind,match\r\n600519.SH,\"=1+1,\"\"x\"\"\",main,stock,code\r\n");
}
