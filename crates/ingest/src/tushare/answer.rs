//! One answer of Tushare: a table, or why there is none.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::SERVICE;
use crate::{Error, Result, table::Table, web::Reply};

/// How long a minute's quota takes to come back. Where its minute begins is not known, so a whole one is waited for.
pub(super) const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Deserialize)]
struct Answer {
    code: i64,
    #[serde(default)]
    msg: Option<String>,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    fields: Vec<String>,
    items: Vec<Vec<Value>>,
    #[serde(default)]
    has_more: Option<bool>,
}

/// A part of an answer.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) table: Table,
    /// Whether the source says that there is more; older interfaces do not say.
    pub(super) has_more: Option<bool>,
}

/// Reads an answer; `asked` is what it answers, `required` the columns it must have.
pub(super) fn read(reply: &Reply, asked: &str, required: &[&str]) -> Result<Page> {
    let out_of_order =
        |message: String| Error::OutOfOrder { service: SERVICE, asked: asked.to_owned(), message };
    match reply.status {
        200 => {}
        408 | 425 | 429 | 500..=599 => return Err(out_of_order(format!("HTTP {}", reply.status))),
        status => return Err(strange(asked, format!("HTTP {status}: {}", reply.shown()))),
    }
    let answer: Answer = match serde_json::from_slice(&reply.body) {
        Ok(answer) => answer,
        Err(error) if error.is_eof() => {
            return Err(Error::CutOff {
                service: SERVICE,
                asked: asked.to_owned(),
                reason: error.to_string(),
            });
        }
        Err(error) => return Err(strange(asked, format!("{error}; it starts with: {}", reply.shown()))),
    };
    if answer.code != 0 {
        return Err(refusal(answer.code, answer.msg.unwrap_or_default(), asked));
    }
    let Some(data) = answer.data else {
        return Err(strange(asked, "code 0, but no data"));
    };
    let has_more = data.has_more;
    Ok(Page { table: table(data, asked, required)?, has_more })
}

fn table(data: Data, asked: &str, required: &[&str]) -> Result<Table> {
    let columns: Vec<String> = data.fields.iter().map(|name| name.to_ascii_lowercase()).collect();
    // An empty day may come without any column.
    if data.items.is_empty() {
        return Ok(Table::default());
    }
    let missing: Vec<String> = required
        .iter()
        .filter(|name| !columns.iter().any(|column| column == *name))
        .map(ToString::to_string)
        .collect();
    if !missing.is_empty() {
        return Err(Error::AnswerColumns { service: SERVICE, asked: asked.to_owned(), missing });
    }
    for (row, number) in data.items.iter().zip(1..) {
        if row.len() != columns.len() {
            let (found, expected) = (row.len(), columns.len());
            return Err(strange(asked, format!("row {number} has {found} values for {expected} columns")));
        }
        let nested = row.iter().position(|value| value.is_array() || value.is_object());
        if let Some(at) = nested {
            return Err(strange(asked, format!("row {number}, `{}` is no single value", columns[at])));
        }
    }
    Ok(Table { columns, rows: data.items })
}

/// What a code and its message mean. The text decides first: it tells apart what the codes do not.
fn refusal(code: i64, message: String, asked: &str) -> Error {
    let asked = asked.to_owned();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let often = [("每分钟", MINUTE), ("每小时", HOUR), ("每天", DAY), ("每日", DAY)]
        .into_iter()
        .find(|(window, _)| has(&[window]))
        .map(|(_, wait)| wait);
    if let Some(wait) = often {
        let per_minute = (wait == MINUTE).then(|| number_after(&message, "每分钟")).flatten();
        return Error::TooOften { service: SERVICE, asked, per_minute, wait: Some(wait), message };
    }
    if has(&["频率", "too many requests", "frequency"]) {
        return Error::TooOften { service: SERVICE, asked, per_minute: None, wait: Some(MINUTE), message };
    }
    if has(&["权限", "积分", "permission"]) || code == 2002 {
        return Error::Permission { service: SERVICE, asked, message };
    }
    if has(&["token", "Token", "TOKEN"]) || code == 40101 {
        return Error::Token { service: SERVICE, variable: "TUSHARE_TOKEN", message };
    }
    if code == 40203 {
        return Error::TooOften { service: SERVICE, asked, per_minute: None, wait: Some(MINUTE), message };
    }
    if has(&["服务器", "稍后"]) || code == -2001 && message.is_empty() {
        return Error::OutOfOrder { service: SERVICE, asked, message };
    }
    Error::Refused { service: SERVICE, asked, code, message }
}

/// The first whole number behind a word.
fn number_after(text: &str, word: &str) -> Option<u32> {
    let (_, rest) = text.split_once(word)?;
    let start = rest.find(|char: char| char.is_ascii_digit())?;
    let digits: String = rest[start..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

pub(super) fn strange(asked: &str, reason: impl Into<String>) -> Error {
    Error::Answer { service: SERVICE, asked: asked.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply::told(status, body, None)
    }

    fn error(body: &str) -> Error {
        read(&reply(200, body), "daily 20250205", &["ts_code", "close"]).unwrap_err()
    }

    fn refused(code: i64, message: &str) -> Error {
        error(&format!(r#"{{"code":{code},"msg":"{message}","data":null}}"#))
    }

    #[test]
    fn refusals_are_told_apart_by_text_and_then_by_code() {
        let often = |error: &Error| match error {
            Error::TooOften { per_minute, wait, .. } => Some((*per_minute, wait.map(|wait| wait.as_secs()))),
            _ => None,
        };
        let minute = refused(
            40203,
            "抱歉，您每分钟最多访问该接口200次，权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。",
        );
        assert_eq!(often(&minute), Some((Some(200), Some(60))));
        assert_eq!(often(&refused(2002, "抱歉，您每分钟最多访问该接口2次")), Some((Some(2), Some(60))));
        assert_eq!(often(&refused(40203, "抱歉，您每小时最多访问该接口20次")), Some((None, Some(3600))));
        assert_eq!(often(&refused(40203, "抱歉，您每天最多访问该接口5次")), Some((None, Some(86_400))));
        assert_eq!(often(&refused(40203, "")), Some((None, Some(60))));
        for error in [
            refused(2002, "抱歉，您没有访问该接口的权限"),
            refused(40203, "抱歉，您没有接口访问权限"),
            refused(2002, ""),
        ] {
            assert!(matches!(error, Error::Permission { .. }), "{error:?}");
        }
        for error in [refused(40101, "您的token不对，请确认。"), refused(40101, "")] {
            assert!(matches!(error, Error::Token { .. }), "{error:?}");
        }
        assert!(refused(-2001, "服务器内部错误，请稍后重试").is_transient());
        assert!(matches!(refused(-2001, "参数校验失败"), Error::Refused { code: -2001, .. }));
    }

    #[test]
    fn columns_may_be_shuffled_and_unknown_ones_stay_unread() {
        let body = r#"{"request_id":"x","code":0,"msg":null,"data":{"fields":["new","CLOSE","ts_code"],
            "items":[[1,null,"000001.SZ"],[null,11.37,"000002.SZ"]],"has_more":false,"count":-1}}"#;
        let page = read(&reply(200, body), "daily", &["ts_code", "close"]).unwrap();
        assert_eq!(page.table.columns, ["new", "close", "ts_code"]);
        assert_eq!((page.table.rows[1][1].as_f64(), page.has_more), (Some(11.37), Some(false)));
    }

    #[test]
    fn an_answer_that_is_none_says_what_and_where() {
        for (body, told) in [
            ("<html><body>Please  log in\n</body></html>", "starts with: <html><body>Please log in </body>"),
            (r#"{"code":0,"msg":null}"#, "no data"),
            (r#"{"status":"ok"}"#, "missing field `code`"),
            (r#"{"code":"0"}"#, "line 1 column"),
            (
                r#"{"code":0,"data":{"fields":["ts_code","close"],"items":[["a",1],["b"]]}}"#,
                "row 2 has 1 values for 2",
            ),
            (r#"{"code":0,"data":{"fields":["ts_code","close"],"items":[["a",[1]]]}}"#, "row 1, `close`"),
            (r#"{"code":0,"data":{"fields":["ts_code","close"],"items":[["a",NaN]]}}"#, "line 1 column"),
            ("[]", "invalid length 0"),
        ] {
            let error = error(body);
            assert!(matches!(error, Error::Answer { .. }), "{body}: {error:?}");
            assert!(error.to_string().contains(told), "{body}: {error}");
            assert!(!error.is_transient());
        }
        let lacks = error(r#"{"code":0,"data":{"fields":["open"],"items":[[1]]}}"#);
        assert!(lacks.to_string().ends_with("lacks the column(s) ts_code, close"), "{lacks}");
        let moved = read(&reply(302, ""), "daily", &[]).unwrap_err();
        assert!(moved.to_string().contains("HTTP 302"), "{moved}");
    }

    #[test]
    fn what_may_pass_is_transient() {
        assert!(error(r#"{"code":0,"data":{"fields":["ts_code","#).is_transient());
        for status in [429, 500, 502, 503, 504] {
            assert!(read(&reply(status, "<html>"), "daily", &[]).unwrap_err().is_transient());
        }
    }

    #[test]
    fn a_day_without_rows_is_a_fact() {
        for body in [
            r#"{"code":0,"msg":"","data":{"fields":["ts_code","close"],"items":[]}}"#,
            r#"{"code":0,"msg":"","data":{"fields":[],"items":[]}}"#,
        ] {
            assert!(read(&reply(200, body), "daily", &["ts_code", "close"]).unwrap().table.rows.is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error_without_panic(body in ".{0,200}", code: i64, message in ".{0,40}") {
            let _ = read(&reply(200, &body), "daily", &["ts_code"]);
            let _ = refusal(code, message, "daily");
        }
    }
}
