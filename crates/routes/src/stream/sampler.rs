//! Looks at the prices that somebody watches.

use std::{collections::HashMap, sync::Arc};

use stockpile_market::TsCode;

use super::board::Line;
use crate::{
    cached::labelled,
    problem::Problem,
    quotes::Quote,
    reference_data::ReferenceData,
    state::AppState,
    stock::{
        lookup::{self, Found},
        quote::{self, Source},
    },
};

/// What was seen of each line at one state of the reference data.
#[derive(Default)]
struct Samples {
    reference: Option<Arc<ReferenceData>>,
    /// `None` for a security that this market does not have.
    seen: HashMap<TsCode, Option<Sample>>,
}

struct Sample {
    found: Found,
    /// The invented quote; `None` when the price is that of the last bar, which changes only with the reference data, or of
    /// a real exchange.
    invented: Option<Quote>,
}

/// Samples until the streams end.
pub(super) async fn run(state: AppState) {
    let streams = state.streams.clone();
    let (board, every) = (&streams.board, streams.options.sample_every);
    let mut samples = Samples::default();
    loop {
        let lines = board.lines();
        let watched = !lines.is_empty();
        drop(lines);
        // What is new is looked at now, the others when it is time.
        let only_new = tokio::select! {
            () = board.ended() => return,
            () = board.added() => true,
            () = tokio::time::sleep(every), if watched => false,
        };
        if let Err(problem) = samples.take(&state, &board.lines(), only_new).await {
            tracing::warn!(%problem, "quotes for streams were not read; they will be at the next look");
        }
    }
}

impl Samples {
    async fn take(&mut self, state: &AppState, lines: &[Arc<Line>], only_new: bool) -> Result<(), Problem> {
        let reference = state.reference().await?;
        if !self.reference.as_ref().is_some_and(|known| Arc::ptr_eq(known, &reference)) {
            self.reference = Some(reference.clone());
            self.seen.clear();
        }
        if !only_new {
            self.look_again(state, &reference, lines)?;
            self.look_for_live(state, &reference, lines).await;
        }
        let new: Vec<&Arc<Line>> = lines.iter().filter(|line| !self.seen.contains_key(&line.code)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let kinds = lookup::kinds(state, &reference, new.iter().map(|line| line.code)).await?;
        for line in new {
            let sample = match kinds.get(&line.code) {
                Some(kind) => {
                    Some(first_look(state, &reference, line, Found { code: line.code, kind: *kind }).await?)
                }
                None => None,
            };
            self.seen.insert(line.code, sample);
        }
        Ok(())
    }

    /// Publishes the quotes of a real exchange that are new.
    async fn look_for_live(&self, state: &AppState, reference: &ReferenceData, lines: &[Arc<Line>]) {
        let found = |line: &Arc<Line>| Some(self.seen.get(&line.code)?.as_ref()?.found);
        let (lines, watched): (Vec<&Arc<Line>>, Vec<Found>) =
            lines.iter().filter_map(|line| Some((line, found(line)?))).unzip();
        for (line, json) in lines.iter().zip(state.new_live_json(reference, &watched).await) {
            if let Some(json) = json {
                state.streams.board.publish(line, json);
            }
        }
    }

    /// Publishes the invented quotes that have changed, and forgets what is no longer watched.
    fn look_again(
        &mut self,
        state: &AppState,
        reference: &ReferenceData,
        lines: &[Arc<Line>],
    ) -> Result<(), Problem> {
        let mut before = std::mem::take(&mut self.seen);
        for line in lines {
            let Some(mut sample) = before.remove(&line.code) else { continue };
            if let Some(sample) = &mut sample
                && let Some(quote) = state.quote(reference, line.code)
            {
                if !sample.invented.as_ref().is_some_and(|last| is_same(last, &quote)) {
                    publish(state, reference, line, sample.found, Some(&quote), Source::Demo)?;
                }
                sample.invented = Some(quote);
            }
            self.seen.insert(line.code, sample);
        }
        Ok(())
    }
}

async fn first_look(
    state: &AppState,
    reference: &ReferenceData,
    line: &Line,
    found: Found,
) -> Result<Sample, Problem> {
    let invented = state.quote(reference, found.code);
    if invented.is_some() {
        publish(state, reference, line, found, invented.as_ref(), Source::Demo)?;
    } else if let Some(json) = state.live_json(reference, found).await {
        state.streams.board.publish(line, json);
    } else {
        let read = tokio::time::timeout(state.request_timeout, quote::last_bar(reference, found));
        let last = read.await.map_err(|_| Problem::Unavailable)??;
        publish(state, reference, line, found, last.as_ref(), Source::Daily)?;
    }
    Ok(Sample { found, invented })
}

/// Whether nothing but the clock has moved.
fn is_same(one: &Quote, other: &Quote) -> bool {
    *one == Quote { time: one.time, ..other.clone() }
}

fn publish(
    state: &AppState,
    reference: &ReferenceData,
    line: &Line,
    found: Found,
    quote: Option<&Quote>,
    source: Source,
) -> Result<(), Problem> {
    let name = reference.name(found.code, found.kind);
    let json = quote::written(found.code, name, quote, source)?;
    let json = if reference.demo { labelled(json) } else { json };
    let json = String::from_utf8(json).map_err(|error| {
        tracing::error!(%error, "a quote is no text");
        Problem::Internal
    })?;
    state.streams.board.publish(line, json.into_boxed_str());
    Ok(())
}
