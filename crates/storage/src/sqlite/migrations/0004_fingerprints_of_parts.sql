-- Prices of coins are committed every few minutes, and what rests on the market's rows is to outlive that. A commit counts
-- itself under the part that it leaves alone; one of an earlier release does not, and so changes both.
ALTER TABLE revision ADD COLUMN market_fingerprint INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN coins_fingerprint INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN market_kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN coins_kept INTEGER NOT NULL DEFAULT 0;
UPDATE revision SET market_fingerprint = random(), coins_fingerprint = random();
CREATE TRIGGER revision_market AFTER UPDATE OF revision ON revision WHEN NEW.market_kept = OLD.market_kept
BEGIN
    UPDATE revision SET market_fingerprint = random();
END;
CREATE TRIGGER revision_coins AFTER UPDATE OF revision ON revision WHEN NEW.coins_kept = OLD.coins_kept
BEGIN
    UPDATE revision SET coins_fingerprint = random();
END;
