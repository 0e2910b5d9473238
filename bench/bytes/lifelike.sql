-- {rows} events over 30 days from {start}, in the order in which they are received. Every value is a hash of
-- the row's number, so the same events come out anywhere.
insert into {table:Identifier} (
  app_id, session_id, client_time, event_key, clock_correction_ms, received_delay_ms, name, kind, install_id,
  version_code, os, os_version, device_model, locale, country, network, mosis_version, duration_ms,
  properties_string, properties_number
)
with
  -- A number in [0, 1) for the n-th decision about one thing, and an id of the n-th thing.
  (about, n) -> sipHash64(about, n) / 18446744073709551616. as chance,
  (about, n) -> reinterpretAsUUID(sipHash128(about, n)) as id,
  (about, n, count, skew) -> toUInt32(floor(count * pow(chance(about, n), skew))) as pick,
  -- A session has 20 events. Sessions start at a steady rate, give or take an hour.
  intDiv(number, 20) as session,
  number % 20 as place,
  toUnixTimestamp64Milli({start:DateTime64(3, 'UTC')})
    + session * (30 * 86400000. / intDiv({rows:UInt64}, 20))
    + 3600000 * chance('jitter', session) as session_ms,
  toInt64(session_ms + place * (3000 + 15000 * chance('pace', number))) as event_ms,
  -- The biggest of 2000 apps has 8 % of the traffic.
  pick('app', session, 2000, 3) as app,
  pick('install', session, 3000000, 1) as install,
  -- 2 % of the sessions have a clock that is two minutes to a day off, either way.
  if(
    chance('wrong', session) < 0.02,
    toInt64(if(chance('ahead', session) < 0.5, -1, 1) * 120000 * pow(720, chance('skew', session))),
    0
  ) as correction_ms
select
  id('app', app),
  id('session', session),
  fromUnixTimestamp64Milli(event_ms - correction_ms, 'UTC'),
  sipHash64('event', number),
  correction_ms,
  correction_ms + pick('delay', number, 4000, 1),
  -- 400 names, 30 of them an app's.
  concat('event_name_', toString((app * 17 + pick('name', number, 30, 2)) % 400)),
  multiIf(
    chance('kind', number) < 0.6, 'event',
    chance('kind', number) < 0.9, 'screen',
    chance('kind', number) < 0.97, 'perf',
    'error'
  ),
  id('install', install),
  100 + pick('version', install, 20, 4),
  ['android', 'ios', 'windows', 'linux'][1 + pick('os', install, 4, 1)],
  toString(9 + pick('os_version', install, 8, 1)),
  concat('model-', toString(pick('device', install, 300, 2))),
  ['en-US', 'de-DE', 'fr-FR', 'es-ES', 'pt-BR', 'ja-JP', 'hi-IN'][1 + pick('locale', install, 7, 1)],
  ['US', 'DE', 'FR', 'ES', 'BR', 'JP', 'IN', 'AT', 'CH'][1 + pick('country', install, 9, 1)],
  ['wifi', 'cellular', 'ethernet', 'offline'][1 + pick('network', session, 4, 1)],
  concat('1.', toString(pick('mosis', install, 6, 1)), '.0'),
  -- Half of the events have none; the others are log-uniform up to 8 s.
  if(chance('timed', number) < 0.5, 0, toUInt32(pow(8000, chance('duration', number)))),
  map(
    'screen', concat('screen-', toString(pick('screen', number, 40, 1))),
    'variant', ['control', 'a', 'b'][1 + pick('variant', number, 3, 1)]
  ),
  map(
    'score', toFloat64(pick('score', number, 1000, 2)),
    'won', toFloat64(chance('won', number) < 0.5)
  )
from numbers({rows:UInt64})
