-- From when to when a report goes: what all reports mean by since, until and zone, in one place.
--
-- FROM stretch(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow')
--
-- since, until: a day (its first instant in the zone) or a time of day; one with an offset or a Z
-- means that instant, whatever the zone; or seconds or milliseconds since 1970. until itself is
-- not part of the stretch. Anything else is refused: the engine would read 03/01/2026 as 3 January
-- and 1900-01-01 as 1970. One row; none if until is not after since.
--
-- Apart from steps, for the engine plans a view anew wherever it stands within another, and twice
-- so at each depth: as the one step 'all', it was half of what a report costs.
CREATE VIEW IF NOT EXISTS pult.stretch
AS WITH
    '^((19[7-9][0-9]|20[0-9]{2}|21[0-3][0-9])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([ T](([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?)?|24:00(:00)?) ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?|[0-4][0-9]{9}([0-9]{3})?([.][0-9]+)?)$' AS form,
    parseDateTime64BestEffortOrNull({since:String}, 3, {zone:String}) AS since_or_null,
    parseDateTime64BestEffortOrNull({until:String}, 3, {zone:String}) AS until_or_null,
    throwIf(
        NOT match({since:String}, form) OR isNull(since_or_null) OR NOT match({until:String}, form) OR isNull(until_or_null),
        'since and until are days (2026-03-01) or times (2026-03-01 09:00, 2026-03-01T06:00:00Z) from 1970 to 2139') AS misdated,
    -- A day may begin at one o'clock.
    toDateTime64(toDateOrNull(if(length({since:String}) = 10, {since:String}, '')), 3, {zone:String}) AS since_day,
    toDateTime64(toDateOrNull(if(length({until:String}) = 10, {until:String}, '')), 3, {zone:String}) AS until_day
SELECT
    toTimeZone(ifNull(since_day, assumeNotNull(since_or_null)), 'UTC') AS since_at,
    toTimeZone(ifNull(until_day, assumeNotNull(until_or_null)), 'UTC') AS until_at
-- Not AND, which would look at misdated only where the rest, a constant, is true.
WHERE if(misdated = 0, since_at < until_at, false)
COMMENT 'From when to when: FROM stretch(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'')';

-- A stretch cut into steps: the calendar behind all reports, in one place.
--
-- FROM steps(since = '2026-03-01', until = '2026-04-01', zone = 'Europe/Moscow', step = 'day')
--
-- since, until, zone: as of stretch.
-- step: '15 minutes', '1 hour' and so on, counted from the first instant of each local day, the
-- last one of a day ends with it; or 'day', 'week' (from Monday), 'month', 'quarter', 'year' of
-- the zone; or 'all'. The first and the last step are cut at since and until.
--
-- Days are numbered, not added up in hours, so one of 23 or 25 hours is one step, and an hour
-- that comes twice is two steps, which differ in the offset.
-- Replaces the view of 0034, which read since and until itself.
CREATE OR REPLACE VIEW pult.steps
AS WITH
    replaceRegexpOne({step:String}, 's$', '') AS wanted,
    toUInt32OrZero(splitByChar(' ', wanted)[1])
        * multiIf(endsWith(wanted, ' minute'), 60000, endsWith(wanted, ' hour'), 3600000, 0) AS step_ms,
    throwIf(
        wanted NOT IN ('day', 'week', 'month', 'quarter', 'year', 'all')
            AND (NOT match(wanted, '^[0-9]+ (minute|hour)$') OR step_ms < 60000 OR step_ms > 86400000),
        'step is 1 to 1440 minutes or 1 to 24 hours (''15 minutes'', ''1 hour''), day, week, month, quarter, year or all') AS refused,
    days AS
    (
        SELECT
            since_at, until_at,
            toDate(since_at, {zone:String}) AS first_day,
            -- Worked out also where there is no stretch, before its row is left out.
            greatest(toDate(until_at, {zone:String}), first_day) AS last_day,
            arrayJoin(range(toUInt32(first_day) - toUInt32(multiIf(
                wanted = 'week', toMonday(first_day),
                wanted = 'month', toStartOfMonth(first_day),
                wanted = 'quarter', toStartOfQuarter(first_day),
                wanted = 'year', toStartOfYear(first_day),
                first_day)) + toUInt32(last_day) - toUInt32(first_day) + 1)) AS back,
            toDate(last_day - back) AS day
        FROM pult.stretch(since = {since:String}, until = {until:String}, zone = {zone:String})
        WHERE refused = 0
    ),
    begun AS
    (
        SELECT
            toUnixTimestamp64Milli(since_at) AS since_ms, toUnixTimestamp64Milli(until_at) AS until_ms,
            toUnixTimestamp64Milli(toDateTime64(day, 3, {zone:String}))
                + arrayJoin(range(0, if(step_ms = 0, 1, toUInt64(
                    toUnixTimestamp64Milli(toDateTime64(day + 1, 3, {zone:String}))
                    - toUnixTimestamp64Milli(toDateTime64(day, 3, {zone:String})))),
                    if(step_ms = 0, 1, step_ms))) AS begin_ms
        FROM days
        WHERE wanted NOT IN ('week', 'month', 'quarter', 'year', 'all')
            OR (wanted = 'week' AND day = toMonday(day))
            OR (wanted = 'month' AND day = toStartOfMonth(day))
            OR (wanted = 'quarter' AND day = toStartOfQuarter(day))
            OR (wanted = 'year' AND day = toStartOfYear(day))
            OR (wanted = 'all' AND day = first_day)
    ),
    ended AS
    (
        SELECT since_ms, until_ms, begin_ms, leadInFrame(begin_ms, 1, until_ms) OVER (
            ORDER BY begin_ms ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS end_ms
        FROM begun
    )
SELECT
    fromUnixTimestamp64Milli(greatest(begin_ms, since_ms), 'UTC') AS started_at,
    fromUnixTimestamp64Milli(least(end_ms, until_ms), 'UTC') AS ended_at,
    formatDateTime(started_at, '%F %R%z', {zone:String}) AS local
FROM ended
WHERE started_at < ended_at
COMMENT 'A stretch of time cut into steps of a zone: FROM steps(since = ''2026-03-01'', until = ''2026-04-01'', zone = ''Europe/Moscow'', step = ''day'')';
