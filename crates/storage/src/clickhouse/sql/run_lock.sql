(
    at       DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    released Bool
)
ENGINE = MergeTree
ORDER BY at
COMMENT 'Stockpile: lock of an ingest run'
