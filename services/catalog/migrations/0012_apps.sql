-- Up Migration
alter table apps
  -- Limits of what ingest takes. The defaults are those of packages/types/src/telemetry-limits.ts.
  add column telemetry_events_per_day bigint not null default 20000000
    check (telemetry_events_per_day between 1 and 1000000000000),
  add column telemetry_events_per_second integer not null default 5000
    check (telemetry_events_per_second between 1 and 10000000),
  -- The default is that of packages/types/src/retention.ts.
  add column telemetry_days smallint not null default 180 check (telemetry_days between 1 and 730),
  -- These two make the version that a device gets the row of the app and two probes. They are set in the
  -- transaction that changes a version. They are no foreign keys: what stands here is published and goes only
  -- with the app, and to prove that at each deletion PostgreSQL would need an index on each of them.
  -- The latest version is the newest one at 100 percent that is neither halted nor yanked.
  add column latest_version_id uuid,
  -- It was published after every other version and is not at 100 percent yet.
  add column rollout_version_id uuid,
  -- It never falls.
  add column published_code_max integer,
  add column signing_fingerprint varchar(64),
  add column suspended_by varchar(20) check (suspended_by in ('developer', 'admin')),
  add column suspend_reason varchar(500),
  -- A list of apps shows these two of the latest version. To look them up took two fifths of the time of a
  -- page of 50. A trigger sets them: a version that is published never gets another code or name.
  add column latest_code integer,
  add column latest_name varchar(64);
comment on column apps.telemetry_events_per_day is 'Events a day (UTC) that ingest takes of it';
comment on column apps.telemetry_events_per_second is 'Events a second that ingest takes of it';
comment on column apps.telemetry_days is 'Days that its events are kept';
comment on column apps.latest_version_id is 'Newest version that all installs get; null without one';
comment on column apps.rollout_version_id is
  'Published version that some installs get, running or halted; null without one';
comment on column apps.published_code_max is
  'Greatest version code that was ever published; null before the first';
comment on column apps.signing_fingerprint is
  'Fingerprint of the key that has to sign the next version; null before the first';
comment on column apps.suspended_by is
  'developer or admin: who has suspended it. What an admin has suspended only an admin restores';
comment on column apps.suspend_reason is 'Why it was suspended';
comment on column apps.latest_code is 'Version code of latest_version_id';
comment on column apps.latest_name is 'Version name of latest_version_id';

-- Nothing says who suspended an app of the core tables: only an admin restores it.
update apps
set status = coalesce(status, 'draft'), suspended_by = case status when 'suspended' then 'admin' end
where status is null or status = 'suspended';
alter table apps
  add constraint apps_status check (status is not null and status in ('draft', 'published', 'suspended')),
  add constraint apps_suspended
    check ((status = 'suspended') = (suspended_by is not null)
           and (status = 'suspended' or suspend_reason is null)),
  add constraint apps_latest_named check (num_nulls(latest_version_id, latest_code, latest_name) in (0, 3));

-- Lists show the apps of a developer with the newest first. The id decides between apps of one moment, so
-- that pages have one order.
create index apps_by_developer on apps (developer_id, created_at, id);

-- These two find published names that are like a new one.
create extension if not exists pg_trgm;
create index apps_published_names on apps using gin (name gin_trgm_ops) where status = 'published';

-- Names in other alphabets, in full width, in mathematical letters and with accents that look alike have one
-- skeleton. The table is that of UTS #39 §4, as far as it leads to one Latin letter. Case does not count, so
-- i, l, I, 1 and | are one, and so are rn and m. It is not a routine, because the index stores its results: a
-- migration that changes it makes the index anew.
create function name_skeleton(name text) returns text
language sql immutable strict parallel safe as $$
  select replace(
    translate(
      lower(regexp_replace(
        normalize(name, nfkd),
        '[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f' ||
        '\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e' ||
        '\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]', '', 'g') collate pg_catalog.pg_c_utf8),
      '01i|¢¥×ðøđħıłŧƀƃƅƌƍƒƙƚƞƥƨƭƴƶƻƽǀǥȝȣȥȼɇɉɍɏ' ||
      'ɑɓɖɗɜɠɡɣɦɨɩɪɫɭɯɲɳɵɼɽʀʂʈʉʋʏʐʒʝʠαβγεζηθικμ' ||
      'νορςστυχϝϩϳϻабвгезкмнорстухьѕіјћѡѣѳѵѽҍғҙ' ||
      'қҟңҫҭүұҳһҽҿӈӊӎӏӡөԁԍԛԝագզհոռստցքօ׀וטןסاه١' ||
      '٥٧ٳھہە۱۵۷ۿ߀ߊ०০৪৭੦੧੪૦ଃଠ୦୨௦ం౦ಂ೦ംഠ൦൭ං๐໐ဝ၀ყჿ' ||
      'ሀዐᏺᏻᏼᐯᑌᑭᑯᒍᒪᒿᕁᕼᕽᖇᖯᖴᗅᗞᗪᗰᗷ᙭᙮ᚷᛁᛕᛖᴄᴏᴑᴜᴠᴡᴢᴦᵮᵰᵲ' ||
      'ᵴᵵᵶᵻᵼᵽᵾᶃᶌẝỿ₡₩₫₭₮℮∣∨∪⊖⊝⊤⋁⋃⋿⍡⍬⍳⍴⍶⍸⍺⏽│╳⟙⤫⤬⨯' ||
      '⨰ⱦⱨⱪⲅⲏⲓⲕⲙⲛⲟⲣⲥⲧⲩⲭⳋⳍⳑⳓⴱⴸⴹⵁⵏⵔⵕⵝ〇ꓐꓑꓒꓓꓔꓖꓗꓙꓚꓜꓝ' ||
      'ꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴꙅꙇꚕꛟꛯꜱꝁꝋꝛꝡꝫꝯꞙꞟꞵꬲꬵꬽꬾꭇꭈꭎꭒꭓꭚ' ||
      'ꭰꭱꭲꭴꭵꭹꭺꭻꭼꮁꮃꮇꮋꮍꮎꮐꮒꮓꮜꮞꮟꮢꮤꮥꮩꮪꮮꮯꮲꮶꮷꮻꮾ𐆎𐆖𐆗𐊂𐊆𐊇𐊊' ||
      '𐊐𐊒𐊕𐊖𐊗𐊠𐊡𐊢𐊥𐊫𐊰𐊱𐊲𐊴𐋏𐋵𐌁𐌂𐌉𐌑𐌕𐌗𐌚𐌠𐌢𐐬𐐽𐑃𐑈𐓜𐓪𐓶𐓺𐔓𐔖𐔘𐔜𐔝𐔥𐔦' ||
      '𐔧𑓅𑓐𑜆𑜊𑜎𑜏𑣀𑣁𑣂𑣃𑣄𑣆𑣈𑣉𑣊𑣌𑣎𑣏𑣒𑣕𑣖𑣗𑣘𑣛𑣜𑣠𑣥𑣦𑣩𑣬𑣯𑣲𖼈𖼊𖼖𖼨𖼵𖼺𖼻' ||
      '𖽀𖽂𖽃𝈆𝈍𝈒𝈓𝈖𝈚𝈪𞣇𞣋🜈🜔🝌🝨',
      'olllcyxdodhlltbbbdgfklnp2tyz25lg38zcejryabdd3ggyhlllllwnnorrrstuuyz3jqabyezholkm' ||
      'nopcctuxf2jma6bre3kmhopctyxbsljhwbovwbr3kkhctyyxheehhml3odgqwwqqhnnusgfollvlolol' ||
      'ovlooolovooloo89o98o8oo9oooooooo9oooooyouohgbvupdjl2xhxrbfaddmbxxxlkmcoouvwzrfnr' ||
      'stzllpugyfycwdktelvuootvuetolpalallxtxxxxthkrhlkmnopctyx93l6oveoloqxobpddtgkjczf' ||
      'mnlsrvhwxyaelou2lhv2sko2w39fubefoorruuxydrtolyajerwmhyoghzu4brwsvslcpkdo6nxvbefl' ||
      'xopstabcfomtyxhzbclmtx8lxoclsrou7nokcvflxwovwwwvsfly7oz39e4l69ou5tozwcxwcvtllrs3' ||
      'auy3v7froll8voct'),
    'rn', 'm')
$$;
comment on function name_skeleton(text) is
  'What a name looks like (UTS #39): names that look alike have the same';
create index apps_published_skeletons on apps using gin (name_skeleton(name) gin_trgm_ops)
  where status = 'published';

alter table apps enable row level security;
-- These policies of more than one process name their role: else whoever sets `mosis.tenant` to `*` would
-- have all that a policy for everybody's tenants lets pass.
create policy of_tenant on apps to mosis_api using (mosis_sees(developer_id));
create policy of_relay on apps for select to mosis_relay using (true);
grant select, insert, delete,
  update (name, description, category, tags, status, updated_at, telemetry_events_per_day,
          telemetry_events_per_second, telemetry_days, latest_version_id, rollout_version_id,
          published_code_max, signing_fingerprint, suspended_by, suspend_reason, latest_code, latest_name)
  on apps to mosis_api;
-- The relay publishes states again, which the trigger of the outbox reads.
grant select (id, developer_id) on apps to mosis_relay;

-- Devices and audit trails know an app by its package id, so an app of another developer must never get it
-- once a version was published. Before that it is free again when its app is deleted: else whoever makes and
-- deletes apps takes names from everybody for good. Package ids are public names, and only a trigger of
-- `apps` puts them here.
create table retired_package_ids (
  package_id varchar(255) primary key,
  retired_at timestamptz not null default now()
);
comment on table retired_package_ids is
  'Package ids of deleted apps that had been published, which no app gets again';
comment on column retired_package_ids.package_id is 'The package id';
comment on column retired_package_ids.retired_at is 'When its app was deleted';
alter table retired_package_ids enable row level security;
create policy of_everybody on retired_package_ids for select using (true);
grant select on retired_package_ids to mosis_api;

-- Down Migration
drop table retired_package_ids;
drop policy of_relay on apps;
drop policy of_tenant on apps;
alter table apps disable row level security;
revoke all on apps from mosis_api, mosis_relay;
drop index apps_published_skeletons;
drop function name_skeleton(text);
drop index apps_published_names;
drop extension pg_trgm;
drop index apps_by_developer;
alter table apps
  drop constraint apps_latest_named,
  drop constraint apps_suspended,
  drop constraint apps_status,
  drop column latest_name,
  drop column latest_code,
  drop column suspend_reason,
  drop column suspended_by,
  drop column signing_fingerprint,
  drop column published_code_max,
  drop column rollout_version_id,
  drop column latest_version_id,
  drop column telemetry_days,
  drop column telemetry_events_per_second,
  drop column telemetry_events_per_day;
