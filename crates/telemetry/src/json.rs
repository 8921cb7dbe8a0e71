//! One flat JSON object a line.

use std::io::{self, Write};

use serde_json::Value;
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_log::NormalizeEvent;
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context, registry::LookupSpan};

use crate::{fields::Fields, time};

/// Writes each event as a line.
pub(crate) struct Lines<W> {
    service: Value,
    writer: W,
}

impl<W> Lines<W> {
    pub(crate) fn new(service: &str, writer: W) -> Self {
        Self { service: service.into(), writer }
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // An event of the `log` crate carries its own target and place as fields.
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        if normalized.is_some() {
            fields.named.retain(|(name, _)| !name.starts_with("log."));
        }

        let mut line = Line::new(&self.service, metadata, fields.message);
        line.add(&fields.named);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.add(&fields.named);
            }
        }
        // Nobody is left to tell when the log itself cannot be written.
        let _ = line.write_to(self.writer.make_writer_for(metadata));
    }
}

/// The members of an object in order, each name once.
struct Line {
    members: Vec<(String, Value)>,
    standing: usize,
}

impl Line {
    fn new(service: &Value, metadata: &Metadata<'_>, message: String) -> Self {
        let members = vec![
            ("asctime".to_owned(), time::now().into()),
            ("name".to_owned(), metadata.target().into()),
            ("levelname".to_owned(), level_name(*metadata.level()).into()),
            ("message".to_owned(), message.into()),
            ("service".to_owned(), service.clone()),
        ];
        Self { standing: members.len(), members }
    }

    fn add(&mut self, fields: &[(&'static str, Value)]) {
        for (name, value) in fields {
            let name = renamed(name);
            let standing = self.members[..self.standing].iter().any(|(known, _)| known == name);
            let name = if standing { format!("{name}_") } else { name.to_owned() };
            if !self.members.iter().any(|(known, _)| *known == name) {
                self.members.push((name, value.clone()));
            }
        }
    }

    fn write_to(&self, mut writer: impl Write) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(512);
        for (at, (name, value)) in self.members.iter().enumerate() {
            bytes.push(if at == 0 { b'{' } else { b',' });
            serde_json::to_writer(&mut bytes, name)?;
            bytes.push(b':');
            serde_json::to_writer(&mut bytes, value)?;
        }
        bytes.extend_from_slice(b"}\n");
        writer.write_all(&bytes)
    }
}

/// Our names for what `tracing-actix-web` records under older OpenTelemetry ones.
fn renamed(name: &str) -> &str {
    match name {
        "http.method" => "method",
        "http.route" => "path",
        "http.status_code" => "status",
        name => name,
    }
}

/// The names of Python's logging, which dashboards for such lines filter on.
fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}
