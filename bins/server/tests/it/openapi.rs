//! The document against the server. `just openapi` renews what is stored.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::app::TestApp;

/// Fields that are whole answers of the moment, so that only their names can be compared.
const OF_THE_MOMENT: [&str; 2] = ["/health", "/api/v1/health"];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn renewing(what: &str) -> bool {
    std::env::var("RENEW").is_ok_and(|asked| asked == what)
}

async fn document(app: &TestApp) -> Value {
    app.json("/api/openapi.json").await
}

fn routes(document: &Value) -> Vec<(&str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.map(|(path, item)| (path.as_str(), &item["get"])).collect()
}

fn parameters(operation: &Value) -> &[Value] {
    operation["parameters"].as_array().map_or(&[], Vec::as_slice)
}

/// The request that the examples of a route's parameters make.
fn example_request(path: &str, operation: &Value) -> String {
    let mut target = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters(operation) {
        let Some(example) = parameter["example"].as_str() else { continue };
        let name = parameter["name"].as_str().unwrap();
        if parameter["in"] == "path" {
            target = target.replace(&format!("{{{name}}}"), example);
        } else {
            query.push(format!("{name}={example}"));
        }
    }
    if query.is_empty() { target } else { format!("{target}?{}", query.join("&")) }
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().map(Map::keys).into_iter().flatten().cloned().collect()
}

#[tokio::test]
async fn the_stored_document_is_the_servers() {
    let app = TestApp::start().await;
    let text = serde_json::to_string_pretty(&document(&app).await).unwrap() + "\n";
    let path = repository("docs/openapi.json");
    if renewing("document") {
        fs::write(&path, &text).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == text,
        "docs/openapi.json is of another server: run `just openapi`"
    );
}

#[tokio::test]
async fn every_example_is_what_the_server_answers() {
    let app = TestApp::with_a_small_market().await;
    let document = document(&app).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut compared = 0;
    for (path, operation) in routes(&document) {
        let target = example_request(path, operation);
        let mut response = app.get(&target).await;
        assert_eq!(response.status(), 200, "{target}");
        let content = operation["responses"]["200"]["content"].as_object().unwrap();
        let answered =
            response.headers()["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
        assert!(content.contains_key(&answered), "{path} answers {answered}");
        assert_eq!(
            content[&answered].get("example"),
            None,
            "{path}: the viewer shows none but named examples"
        );
        let Some(example) = content[&answered].pointer("/examples/stored/value") else { continue };
        let mut answer: Value = if answered == "text/event-stream" {
            // Without end, so its first event stands for it.
            Value::from(String::from_utf8(response.chunk().await.unwrap().unwrap().to_vec()).unwrap())
        } else {
            response.json().await.unwrap()
        };
        stop_the_clock(&mut answer);
        if OF_THE_MOMENT.contains(&path) {
            assert_eq!(
                (keys(example), keys(&example["cache"])),
                (keys(&answer), keys(&answer["cache"])),
                "{path}"
            );
            continue;
        }
        compared += 1;
        if renewing("examples") {
            let name = file_of(path);
            let file = repository("crates/routes/src/openapi/examples").join(name);
            let text = answer.as_str().map(ToOwned::to_owned);
            fs::write(file, text.unwrap_or_else(|| serde_json::to_string_pretty(&answer).unwrap() + "\n"))
                .unwrap();
        } else {
            assert_eq!(*example, answer, "{target}: run `just openapi`");
        }
    }
    assert_eq!(compared, 17);
}

/// Gives what was made now a time that stays.
fn stop_the_clock(answer: &mut Value) {
    match answer {
        Value::Object(members) => {
            for (name, member) in members {
                if name == "generated_at" {
                    let made: jiff::Timestamp = member.as_str().unwrap().parse().unwrap();
                    assert!(made.duration_until(jiff::Timestamp::now()) < jiff::SignedDuration::from_mins(5));
                    *member = "2025-02-05T04:31:00Z".into();
                }
                stop_the_clock(member);
            }
        }
        Value::Array(members) => members.iter_mut().for_each(stop_the_clock),
        _ => {}
    }
}

/// Where the example of a route is stored.
fn file_of(path: &str) -> &'static str {
    match path {
        "/api" | "/api/" => "index.json",
        "/api/daily" => "bars.json",
        "/api/overview/hot-etfs" => "hot-etfs.json",
        "/api/overview/hot-stocks" => "hot-stocks.json",
        "/api/overview/indices" => "indices.json",
        "/api/overview/market-stats" => "market-stats.json",
        "/api/stock/{code}/basic" => "basic.json",
        "/api/stock/{code}/daily" => "daily.json",
        "/api/stock/{code}/quote" => "quote.json",
        "/api/crypto/dashboard" => "crypto-dashboard.json",
        "/api/crypto/{symbol}/health" => "crypto-health.json",
        "/api/crypto/{symbol}/predictions" => "crypto-predictions.json",
        "/api/crypto/prices" => "crypto-prices.json",
        "/api/crypto/{symbol}/ohlcv" => "crypto-ohlcv.json",
        "/api/stocks/search" => "search.json",
        "/api/stream/quotes" => "stream-quotes.txt",
        other => panic!("{other} has an example without a file"),
    }
}

#[tokio::test]
async fn every_parameter_is_documented_and_every_documented_one_is_known() {
    let app = TestApp::with_a_small_market().await;
    let document = document(&app).await;
    let mut compared = 0;
    for (path, operation) in routes(&document) {
        let documented: Vec<&str> = parameters(operation)
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let response = app
            .get(&format!("{}?nobody=1", path.replace("{code}", "600519.SH").replace("{symbol}", "BTC")))
            .await;
        if response.status() != 400 {
            assert_eq!(documented, [""; 0], "{path}");
            continue;
        }
        let problem: Value = response.json().await.unwrap();
        let message = problem["errors"][0]["message"].as_str().unwrap();
        let known: BTreeSet<&str> = message
            .strip_prefix("unknown; this route has ")
            .unwrap()
            .split(", ")
            .filter(|word| *word != "no parameters")
            .collect();
        assert_eq!(documented.into_iter().collect::<BTreeSet<_>>(), known, "{path}");
        compared += 1;
    }
    assert_eq!(compared, 22);
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let text = document.to_string();
    let references: BTreeSet<&str> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 10);
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn what_must_be_given_is_documented_so() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let mut required = BTreeSet::new();
    for (path, operation) in routes(&document) {
        let must = parameters(operation).iter().filter(|parameter| parameter["required"] == true);
        required.extend(must.map(|parameter| format!("{path} {}", parameter["name"].as_str().unwrap())));
    }
    let expected = [
        "/api/crypto/{symbol}/health symbol",
        "/api/crypto/{symbol}/ohlcv symbol",
        "/api/crypto/{symbol}/predictions symbol",
        "/api/stock/{code}/basic code",
        "/api/stock/{code}/daily code",
        "/api/stock/{code}/quote code",
        "/api/stocks/search q",
        "/api/stream/quotes codes",
    ]
    .map(str::to_owned);
    assert_eq!(required, expected.into());
    let ids: BTreeSet<&str> = routes(&document)
        .into_iter()
        .map(|(_, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), routes(&document).len(), "{ids:?}");
}

#[tokio::test]
async fn documented_bounds_are_those_of_the_server() {
    let app = TestApp::with_a_small_market().await;
    let document = document(&app).await;
    for (path, operation) in routes(&document) {
        for parameter in
            parameters(operation).iter().filter(|parameter| parameter["schema"]["type"] == "integer")
        {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let (least, most) = (schema["minimum"].as_u64().unwrap(), schema["maximum"].as_u64().unwrap());
            let default = schema["default"].as_u64().unwrap();
            let target = example_request(path, operation);
            let joint = if target.contains('?') { '&' } else { '?' };
            for (value, status) in
                [(least, 200), (most, 200), (default, 200), (least - 1, 400), (most + 1, 400)]
            {
                let response = app.get(&format!("{target}{joint}{name}={value}")).await;
                assert_eq!(response.status(), status, "{target}&{name}={value}");
            }
            let (given, without) =
                (app.json(&format!("{target}{joint}{name}={default}")).await, app.json(&target).await);
            assert_eq!(given, without, "{target}");
        }
    }
}

#[tokio::test]
async fn every_figure_has_its_unit() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let without = ["rank", "status", "hits", "misses", "stale_hits", "hit_ratio", "keys"];
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            let types = schema["type"].to_string();
            let is_figure = types.contains("number") || types.contains("integer");
            if is_figure && !without.contains(&field.as_str()) && !field.ends_with("_count") {
                assert!(schema["x-unit"].is_string(), "{name}.{field}: {schema}");
            }
        }
    }
}

#[tokio::test]
async fn the_viewer_needs_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let page = app.get("/api/docs").await;
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let page = page.text().await.unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    for source in page.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let response = app.get_with(source, &[("accept-encoding", "gzip")]).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-encoding"]),
            (200, &"gzip".parse().unwrap())
        );
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        let again = app.get_with(source, &[("accept-encoding", "gzip"), ("if-none-match", &tag)]).await;
        assert_eq!(again.status(), 304);
    }
}

#[tokio::test]
async fn the_index_names_every_documented_route() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let index = app.json("/api").await;
    let linked: BTreeSet<&str> = index["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link.as_str().unwrap().split("{?").next().unwrap())
        .collect();
    assert_eq!(linked, routes(&document).into_iter().map(|(path, _)| path).collect());
}
