//! The reading half: a file of any form to batches of rows.

use std::path::PathBuf;

use stockpile_market::TradeDate;
use tokio::sync::mpsc;

#[cfg(feature = "parquet")]
use super::parquet::Parquet;
use super::{
    batches::{Batch, Batches, Wanted},
    csv::Csv,
    json::Json,
    kind::FileKind,
    layout::Layout,
    open::Opened,
};
use crate::Result;

/// A file whose columns were read and understood.
pub(super) struct Reading {
    path: PathBuf,
    source: Source,
    layout: Layout,
}

enum Source {
    Csv(Csv),
    Json(Json),
    #[cfg(feature = "parquet")]
    Parquet(Box<Parquet>),
}

impl Reading {
    /// Reads what names the columns. The inner error says what the file is instead of something that can be ingested.
    pub(super) fn start(
        path: PathBuf,
        opened: Opened,
        kind: Option<FileKind>,
        today: TradeDate,
    ) -> Result<Result<Self, &'static str>> {
        let (source, columns) = match opened {
            Opened::Text(text) => {
                let (csv, columns) = Csv::start(&path, text)?;
                (Source::Csv(csv), columns)
            }
            Opened::Json(text) => {
                let (json, columns) = Json::start(&path, text)?;
                (Source::Json(json), columns)
            }
            #[cfg(feature = "parquet")]
            Opened::Parquet(file, position) => {
                let (parquet, columns) = Parquet::start(&path, file, position)?;
                (Source::Parquet(Box::new(parquet)), columns)
            }
            Opened::Unsupported(reason) => return Ok(Err(reason)),
        };
        let kind = match kind.map_or_else(|| FileKind::recognise(&columns), Ok) {
            Ok(kind) => kind,
            Err(reason) => return Ok(Err(reason)),
        };
        let layout = Layout::new(&path, kind, &columns, today)?;
        #[cfg(feature = "parquet")]
        if let Source::Parquet(parquet) = &source {
            parquet.check(&path, &layout)?;
        }
        Ok(Ok(Self { path, source, layout }))
    }

    pub(super) fn kind(&self) -> FileKind {
        self.layout.kind
    }

    /// Columns that nothing reads. An API's answer has many of them by nature, so they are not worth a word there.
    pub(super) fn ignored_columns(&self) -> &[String] {
        if matches!(self.source, Source::Json(_)) { &[] } else { &self.layout.ignored }
    }

    /// Reads to the end, a batch at a time, until the receiver is gone.
    pub(super) fn run(self, sender: &mpsc::Sender<Batch>) -> Result<()> {
        #[cfg(feature = "parquet")]
        let layout = self.layout.clone();
        let mut batches = Batches::new(self.path.clone(), self.layout, sender);
        let wanted = match self.source {
            Source::Csv(csv) => csv.run(&self.path, &mut batches)?,
            Source::Json(json) => json.run(&self.path, &mut batches)?,
            #[cfg(feature = "parquet")]
            Source::Parquet(parquet) => parquet.run(&self.path, &layout, &mut batches)?,
        };
        if wanted == Wanted::More {
            batches.finish();
        }
        Ok(())
    }
}
