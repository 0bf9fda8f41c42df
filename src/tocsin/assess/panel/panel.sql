-- Deaths per cell and month, from events and the shares by which each is placed.
--
-- Standard SQL; runs unchanged on DuckDB, SQLite, PostgreSQL and Spark (tests/assess/panel/test_parity.py). Shares are
-- whole numbers, so every engine gives exactly the same sums: place_share.share is in millionths, span_share.share in
-- ten-thousandths, and the counts below are in units of 1e-10 deaths.
--
--   known_event (place_id, span_id, kind, best, civilians)   kind: 1 state-based, 2 non-state, 3 one-sided
--   place_share (place_id, gid, share)                       one row for an event placed in one cell
--   span_share  (span_id, month, share)                      one row for an event dated within one month
SELECT
    p.gid AS gid,
    s.month AS month,
    CAST(SUM(CASE WHEN e.kind = 1 THEN e.best * p.share * s.share ELSE 0 END) AS BIGINT) AS sb,
    CAST(SUM(CASE WHEN e.kind = 2 THEN e.best * p.share * s.share ELSE 0 END) AS BIGINT) AS ns,
    CAST(SUM(CASE WHEN e.kind = 3 THEN e.best * p.share * s.share ELSE 0 END) AS BIGINT) AS os,
    CAST(SUM(CASE WHEN e.kind = 3 THEN e.best ELSE e.civilians END * p.share * s.share) AS BIGINT) AS civilians,
    CAST(SUM(CASE WHEN p.share < 1000000 OR s.share < 10000
             THEN e.best * p.share * s.share ELSE 0 END) AS BIGINT) AS shared
FROM known_event e
JOIN place_share p ON p.place_id = e.place_id
JOIN span_share s ON s.span_id = e.span_id
GROUP BY p.gid, s.month
ORDER BY p.gid, s.month
