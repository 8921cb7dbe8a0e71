CREATE TABLE IF NOT EXISTS schema_migration (
    version    UInt32,
    name       String,
    checksum   UInt64,
    applied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY version
COMMENT 'Stockpile: migrations applied';
