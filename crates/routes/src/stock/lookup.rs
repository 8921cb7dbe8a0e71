//! Which security a code in a path means.

use std::collections::HashMap;

use actix_web::HttpRequest;
use percent_encoding::percent_decode_str;
use stockpile_market::{CodeQuery, SecurityKind, TsCode};

use crate::{problem::Problem, reference_data::ReferenceData, state::AppState};

/// A security that exists: it has facts or bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) code: TsCode,
    pub(crate) kind: SecurityKind,
}

/// Reads the code of the path, without asking the store.
pub(crate) fn code(request: &HttpRequest) -> Result<CodeQuery, Problem> {
    let text = request.match_info().query("code");
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Problem::parameter("code", "not a code; write 600519.SH, SH600519 or 600519"))
}

/// Finds the security a code means: stocks before ETFs before indices.
pub(crate) async fn find(
    state: &AppState,
    reference: &ReferenceData,
    query: CodeQuery,
) -> Result<Found, Problem> {
    let kinds = kinds(state, reference, query.candidates()).await?;
    choose(candidates(query, &kinds))
}

/// Finds the security that each of many codes means, with one question to the store at most.
pub(crate) async fn find_all(
    state: &AppState,
    reference: &ReferenceData,
    queries: &[CodeQuery],
) -> Result<Vec<Found>, Problem> {
    let codes = queries.iter().flat_map(|query| query.candidates());
    let kinds = kinds(state, reference, codes).await?;
    queries
        .iter()
        .map(|query| {
            choose(candidates(*query, &kinds)).map_err(|problem| match problem {
                // A problem with one code of many says which.
                Problem::NotFound(detail) => Problem::NotFound(format!("{query}: {detail}")),
                other => other,
            })
        })
        .collect()
}

/// The kinds of those codes that are somebody's: by their facts, else by their bars.
pub(crate) async fn kinds(
    state: &AppState,
    reference: &ReferenceData,
    codes: impl Iterator<Item = TsCode>,
) -> Result<HashMap<TsCode, SecurityKind>, Problem> {
    let (mut kinds, mut without_facts) = (HashMap::<TsCode, SecurityKind>::new(), Vec::new());
    for code in codes {
        match reference.security(code) {
            Some(facts) => drop(kinds.insert(code, facts.kind)),
            None => without_facts.push(code),
        }
    }
    if !without_facts.is_empty() {
        let known = tokio::time::timeout(state.request_timeout, reference.store.bars.kinds(&without_facts))
            .await
            .map_err(|_| Problem::Unavailable)??;
        for (code, kind) in known {
            let first = kinds.entry(code).or_insert(kind);
            *first = kind.min(*first);
        }
    }
    Ok(kinds)
}

fn candidates(query: CodeQuery, kinds: &HashMap<TsCode, SecurityKind>) -> Vec<Found> {
    let known = |code| kinds.get(&code).map(|kind| Found { code, kind: *kind });
    query.candidates().filter_map(known).collect()
}

fn choose(mut found: Vec<Found>) -> Result<Found, Problem> {
    found.sort_by_key(|found| (found.kind, found.code));
    match found.as_slice() {
        [] => Err(Problem::NotFound("no security has this code".to_owned())),
        [first, second, ..] if first.kind == SecurityKind::Stock && second.kind == SecurityKind::Stock => {
            Err(Problem::NotFound(format!(
                "{} and {} have these digits; name the exchange",
                first.code, second.code
            )))
        }
        [first, ..] => Ok(*first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str, kind: SecurityKind) -> Found {
        Found { code: code.parse().unwrap(), kind }
    }

    #[test]
    fn digits_mean_the_stock_before_the_etf_before_the_index() {
        let (stock, index) =
            (found("000001.SZ", SecurityKind::Stock), found("000001.SH", SecurityKind::Index));
        assert_eq!(choose(vec![index, stock]), Ok(stock));
        assert_eq!(choose(vec![index]), Ok(index));
        let etf = found("159919.SZ", SecurityKind::Etf);
        assert_eq!(choose(vec![index, etf]), Ok(etf));
    }

    #[test]
    fn two_stocks_with_the_same_digits_are_both_named() {
        let both = vec![found("600001.SH", SecurityKind::Stock), found("600001.BJ", SecurityKind::Stock)];
        let Err(Problem::NotFound(detail)) = choose(both) else { panic!("one was chosen") };
        assert!(detail.contains("600001.SH") && detail.contains("600001.BJ"), "{detail}");
    }
}
