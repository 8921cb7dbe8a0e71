//! The form of an answer: JSON, or CSV where it is a list.

use std::io;

use actix_web::{HttpRequest, http::header};
use serde::Serialize;

use crate::{parameters::Parameters, problem::Problem};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
}

/// The format of one answer and how it was chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// None when the client takes none of those there are.
    pub(crate) format: Option<Format>,
    /// The header `Accept` decided between several.
    pub(crate) by_accept: bool,
}

/// An answer with rows, which can be written as CSV.
pub(crate) trait List: Serialize {
    type Row: Row;

    fn rows(&self) -> &[Self::Row];
}

/// A flat row, whose fields are the columns.
pub(crate) trait Row: Serialize {
    /// Names of the fields in their order, also for a list without rows.
    const COLUMNS: &'static [&'static str];
}

impl Format {
    pub(crate) const ALL: [(&'static str, Self); 2] = [("json", Self::Json), ("csv", Self::Csv)];

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Csv => ("text", "csv"),
        }
    }

    /// Writes a list.
    pub(crate) fn write(self, list: &impl List) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Json => crate::json(list),
            Self::Csv => csv(list).map_err(|error| {
                tracing::error!(%error, "an answer cannot be written as CSV");
                Problem::Internal
            }),
        }
    }
}

impl Form {
    /// JSON, for answers that have no other form.
    pub(crate) fn json(request: &HttpRequest) -> Self {
        Self { format: (quality(request, Format::Json) > 0.0).then_some(Format::Json), by_accept: false }
    }

    /// The format a list is asked for in: by `format`, else by what the client likes better, else JSON.
    pub(crate) fn of_list(request: &HttpRequest, parameters: &mut Parameters<'_>) -> Self {
        if parameters.is_given("format") {
            return Self { format: parameters.choice("format", &Format::ALL), by_accept: false };
        }
        let (json, csv) = (quality(request, Format::Json), quality(request, Format::Csv));
        let format = if csv > json { Format::Csv } else { Format::Json };
        Self { format: (json.max(csv) > 0.0).then_some(format), by_accept: true }
    }

    /// The format, or what to tell a client that takes none.
    pub(crate) fn accepted(self) -> Result<Format, Problem> {
        self.format.ok_or(Problem::NotAcceptable(if self.by_accept {
            "answers are application/json or text/csv"
        } else {
            "answers are application/json"
        }))
    }
}

/// How much a client likes a format, 0 to 1; the most exact range of its header decides.
fn quality(request: &HttpRequest, format: Format) -> f32 {
    let given = || request.headers().get_all(header::ACCEPT);
    // What most programs send, besides nothing: anything.
    if given().all(|value| value == "*/*") {
        return 1.0;
    }
    let (kind, subtype) = format.media_type();
    let ranges = given().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let fitting = ranges.filter_map(|range| {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let (range_kind, range_subtype) = std::str::from_utf8(parts.next()?).ok()?.split_once('/')?;
        let exactness = match (range_kind, range_subtype) {
            ("*", "*") => 0,
            (range, "*") if range.eq_ignore_ascii_case(kind) => 1,
            (range, sub) if range.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => 2,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
        let weight = weight.and_then(|weight| std::str::from_utf8(weight).ok()?.parse::<f32>().ok());
        Some((exactness, weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(1.0)))
    });
    fitting.max_by_key(|(exactness, _)| *exactness).map_or(0.0, |(_, weight)| weight)
}

/// A header and the rows, as RFC 4180 has them: lines end with CRLF, fields are quoted where they must be, null is empty.
fn csv<L: List>(list: &L) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(L::Row::COLUMNS)?;
    for row in list.rows() {
        writer.serialize(row)?;
    }
    writer.into_inner().map_err(|error| io::Error::from(error.error().kind()).into())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[derive(Serialize)]
    struct Names {
        data: Vec<Name>,
    }

    #[derive(Serialize)]
    struct Name {
        name: Option<&'static str>,
        close: f64,
    }

    impl List for Names {
        type Row = Name;

        fn rows(&self) -> &[Name] {
            &self.data
        }
    }

    impl Row for Name {
        const COLUMNS: &'static [&'static str] = &["name", "close"];
    }

    #[test]
    fn fields_are_quoted_where_they_must_be_and_null_is_empty() {
        let names = [Some("a,\"b\""), Some("c\nd"), None, Some("=1+1"), Some("平安")];
        let data = names.map(|name| Name { name, close: 10.5 }).into();
        let text = String::from_utf8(Format::Csv.write(&Names { data }).unwrap()).unwrap();
        assert_eq!(
            text,
            "name,close\r\n\"a,\"\"b\"\"\",10.5\r\n\"c\nd\",10.5\r\n,10.5\r\n=1+1,10.5\r\n平安,10.5\r\n"
        );
    }

    #[test]
    fn a_list_without_rows_keeps_its_header() {
        assert_eq!(Format::Csv.write(&Names { data: Vec::new() }).unwrap(), b"name,close\r\n");
    }

    #[test]
    fn the_format_a_client_likes_better_is_chosen() {
        for (accept, expected) in [
            ("*/*", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("TEXT/CSV", Some(Format::Csv)),
            ("text/*", Some(Format::Csv)),
            ("text/csv, application/json", Some(Format::Json)),
            ("text/csv, application/json;q=0.9", Some(Format::Csv)),
            ("text/csv;q=0.5, */*;q=0.8", Some(Format::Json)),
            ("application/json;q=0, */*", Some(Format::Csv)),
            ("text/html, */*;q=0.1", Some(Format::Json)),
            ("text/html", None),
            ("text/csv;q=0", None),
            ("", None),
        ] {
            let request = TestRequest::get().insert_header(("accept", accept)).to_http_request();
            let form = Form::of_list(&request, &mut Parameters::new("", &["format"]));
            assert_eq!(form.format, expected, "{accept}");
        }
    }

    #[test]
    fn the_parameter_wins_over_the_header() {
        let request = TestRequest::get().insert_header(("accept", "application/json")).to_http_request();
        let form = Form::of_list(&request, &mut Parameters::new("format=csv", &["format"]));
        assert_eq!((form.format, form.by_accept), (Some(Format::Csv), false));
    }
}
