-- Written by `npm run schema` from what migrate makes. Change a migration or a routine, not this.

-- Tokens that a mail brings, which prove that its reader has the address
create table account_tokens (
  token_hash varchar(64) not null, -- SHA-256 of the token, hex. The token is in the mail only
  developer_id uuid not null, -- Account that it was made for
  purpose varchar(30) not null, -- email_verification, email_change or password_reset
  email varchar(255) not null, -- Address that its reader proves to have
  created_at timestamptz not null default now(), -- When it was made
  expires_at timestamptz not null, -- When it stops working
  constraint account_tokens_pkey PRIMARY KEY (token_hash),
  constraint account_tokens_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE,
  constraint account_tokens_purpose_check CHECK (((purpose)::text = ANY ((ARRAY['email_verification'::varchar, 'email_change'::varchar, 'password_reset'::varchar])::text[])))
);
CREATE INDEX account_tokens_by_developer on account_tokens USING btree (developer_id);
alter table account_tokens enable row level security;
create policy of_tenant on account_tokens for all to public
  using (mosis_sees(developer_id));
grant delete, insert (token_hash, developer_id, purpose, email, expires_at), select (developer_id, purpose, email, created_at, expires_at) on account_tokens to mosis_api;

-- Apps that a key serves, of keys that do not serve all
create table api_key_apps (
  key_id uuid not null, -- The key
  app_id uuid not null, -- The app
  constraint api_key_apps_pkey PRIMARY KEY (key_id, app_id),
  constraint api_key_apps_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint api_key_apps_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys(id) ON DELETE CASCADE
);
CREATE INDEX api_key_apps_by_app on api_key_apps USING btree (app_id);
alter table api_key_apps enable row level security;
create policy of_tenant on api_key_apps for all to public
  using ((EXISTS ( SELECT
   FROM api_keys
  WHERE (api_keys.id = api_key_apps.key_id))));
grant delete, insert, select on api_key_apps to mosis_api;

-- Keys of programs: ingest keys ship inside apps, management keys are secret
create table api_keys (
  id uuid not null default gen_random_uuid(), -- Id of the key; it stays when the secret is rotated
  developer_id uuid, -- Account that the key acts for
  name varchar(100) not null, -- Name, as the developer writes it
  key_hash varchar(255) not null, -- SHA-256 of the secret, hex. The secret is told once and stored nowhere
  key_prefix varchar(10) not null, -- Beginning of the secret, by which people recognise it
  permissions jsonb default '[]'::jsonb, -- What the key may do, as a list of names
  last_used_at timestamptz, -- When it was used last, up to five minutes late; null: never
  expires_at timestamptz, -- From when on it does not work; null: it does not end by itself
  created_at timestamptz default now(), -- When it was made
  kind varchar(20) not null default 'management'::varchar, -- management or ingest
  all_apps boolean not null default true, -- Whether it serves every app of the account; otherwise those of api_key_apps
  telemetry_events_per_second integer, -- Events a second that it may send; null: only the limits of the app hold
  cidrs cidr[] not null default '{}'::cidr[], -- Ranges of addresses that it works from; none: from everywhere
  disabled boolean not null default false, -- Whether its owner, or the key that made it, has switched it off
  leaked_at timestamptz, -- When its secret was reported as public; null once it is rotated
  previous_hash varchar(64), -- SHA-256 of the secret before the last rotation, hex, which works until previous_ends_at
  previous_ends_at timestamptz, -- When the previous secret stops working; null without one
  quarantined_at timestamptz, -- Since when it waits for its owner to confirm it; null: it does not wait
  created_by_key_id uuid, -- The key that made it, with which it is disabled and deleted; null: a session made it
  created_by_session_id uuid, -- The session that made or adopted it, which may have ended
  disabled_by_key_id uuid, -- The key whose disabling has disabled this one; null: it was disabled by itself
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_created_by_fkey FOREIGN KEY (created_by_key_id) REFERENCES api_keys(id),
  constraint api_keys_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE,
  constraint api_keys_cidrs_check CHECK ((cardinality(cidrs) <= 20)),
  constraint api_keys_disabled_by CHECK (((disabled_by_key_id IS NULL) OR disabled)),
  constraint api_keys_previous CHECK (((previous_hash IS NULL) = (previous_ends_at IS NULL))),
  constraint api_keys_telemetry_events_per_second_check CHECK (((telemetry_events_per_second >= 1) AND (telemetry_events_per_second <= 10000000)))
);
CREATE INDEX api_keys_by_developer on api_keys USING btree (developer_id, created_at, id);
CREATE INDEX api_keys_by_maker on api_keys USING btree (created_by_key_id) WHERE (created_by_key_id IS NOT NULL);
CREATE UNIQUE INDEX api_keys_hash on api_keys USING btree (key_hash);
CREATE UNIQUE INDEX api_keys_previous_hash on api_keys USING btree (previous_hash) WHERE (previous_hash IS NOT NULL);
alter table api_keys enable row level security;
create policy of_relay on api_keys for select to mosis_relay
  using (true);
create policy of_relay_uses on api_keys for update to mosis_relay
  using (true);
create policy of_tenant on api_keys for all to mosis_api
  using (mosis_sees(developer_id));
CREATE TRIGGER cut_webhooks AFTER UPDATE OF permissions on api_keys FOR EACH ROW WHEN ((new.permissions IS DISTINCT FROM old.permissions)) EXECUTE FUNCTION cut_webhooks();
CREATE TRIGGER keep_previous_hash BEFORE UPDATE OF key_hash on api_keys FOR EACH ROW WHEN ((((new.key_hash)::text <> (old.key_hash)::text) AND (new.previous_ends_at IS NOT NULL))) EXECUTE FUNCTION keep_previous_hash();
grant delete, insert (developer_id, name, key_hash, key_prefix, permissions, expires_at, kind, all_apps, telemetry_events_per_second, cidrs, created_by_key_id, created_by_session_id), select (id, developer_id, name, key_prefix, permissions, last_used_at, expires_at, created_at, kind, all_apps, telemetry_events_per_second, cidrs, disabled, leaked_at, previous_ends_at, quarantined_at, created_by_key_id, created_by_session_id, disabled_by_key_id), update (name, key_hash, key_prefix, permissions, last_used_at, expires_at, telemetry_events_per_second, cidrs, disabled, leaked_at, previous_ends_at, quarantined_at, created_by_key_id, created_by_session_id, disabled_by_key_id) on api_keys to mosis_api;
grant select (id, developer_id, last_used_at, disabled), update (last_used_at) on api_keys to mosis_relay;

-- Names and categories that developers propose for apps that a reviewer has approved
create table app_listings (
  id uuid not null, -- Id of the listing
  app_id uuid not null, -- App that it is for
  developer_id uuid not null, -- Account that has proposed it
  name varchar(100) not null, -- Name that is proposed
  category varchar(50), -- Category that is proposed; null for none
  state varchar(20) not null default 'waiting'::varchar, -- waiting, approved, rejected, withdrawn or superseded
  submitted_at timestamptz not null default now(), -- When it was proposed
  ended_at timestamptz, -- When it stopped waiting; null while it waits
  decided_by uuid, -- Reviewer who has decided; null without a decision
  codes varchar(50)[] not null default '{}'::varchar[], -- Reasons of a rejection, from a closed list
  notes varchar(5000), -- What the reviewer has written to the developer
  checks jsonb not null, -- What was checked by itself: as when it was proposed, and from the end on as it was then
  constraint app_listings_pkey PRIMARY KEY (id),
  constraint app_listings_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint app_listings_check CHECK ((((state)::text = 'waiting'::text) = (ended_at IS NULL))),
  constraint app_listings_check1 CHECK ((((state)::text = ANY ((ARRAY['approved'::varchar, 'rejected'::varchar])::text[])) = (decided_by IS NOT NULL))),
  constraint app_listings_check2 CHECK ((((state)::text = 'rejected'::text) = (cardinality(codes) > 0))),
  constraint app_listings_state_check CHECK (((state)::text = ANY ((ARRAY['waiting'::varchar, 'approved'::varchar, 'rejected'::varchar, 'withdrawn'::varchar, 'superseded'::varchar])::text[])))
);
CREATE INDEX app_listings_by_app on app_listings USING btree (app_id, submitted_at);
CREATE INDEX app_listings_queue on app_listings USING btree (submitted_at, id) WHERE ((state)::text = 'waiting'::text);
CREATE UNIQUE INDEX app_listings_waiting on app_listings USING btree (app_id) WHERE ((state)::text = 'waiting'::text);
alter table app_listings enable row level security;
create policy of_tenant on app_listings for all to public
  using (mosis_sees(developer_id));
grant insert (id, app_id, developer_id, name, category, checks), select, update (state, ended_at, decided_by, codes, notes, checks) on app_listings to mosis_api;

-- Versions of apps: packages that developers sign and reviewers approve
create table app_versions (
  id uuid not null default gen_random_uuid(), -- Id of the version
  app_id uuid, -- App of the version
  version_code integer not null, -- Number that orders the versions of an app
  version_name varchar(64) not null, -- Version as people read it
  package_url text not null, -- Where devices fetch the package
  package_size bigint not null, -- Bytes of the package
  signature varchar(512) not null, -- Signature over package_digest, base64
  permissions jsonb default '[]'::jsonb, -- What the app asks of the device, as a list of names
  min_mosis_version varchar(20), -- Oldest Mosis that it runs on; null: any
  release_notes text, -- What is new in it, for users
  status varchar(20) default 'draft'::varchar, -- draft, review, approved, published or rejected; halted and yanked ones stay published
  review_notes text, -- What the last reviewer has written to the developer
  published_at timestamptz, -- When it was published; null before
  created_at timestamptz default now(), -- When it was made
  developer_id uuid, -- Account that its app belongs to
  package_digest varchar(64), -- SHA-256 of the package, hex: what the signature is over
  signing_key_id uuid, -- Key that has signed it; null once the key is gone
  submitted_at timestamptz, -- When it was submitted for review the last time
  rollout_percent smallint, -- Percent of installs that get it once it is published; 100: all
  halted_at timestamptz, -- When its rollout was halted; null: it was not
  halt_reason varchar(500), -- Why its rollout was halted
  yanked_at timestamptz, -- When it was taken back from devices for good; null: it was not
  yank_reason varchar(500), -- Why it was taken back
  updated_at timestamptz not null default now(), -- When it was changed last
  constraint app_versions_pkey PRIMARY KEY (id),
  constraint app_versions_app_id_version_code_key UNIQUE (app_id, version_code),
  constraint app_versions_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint app_versions_signing_key_id_fkey FOREIGN KEY (signing_key_id) REFERENCES signing_keys(id) ON DELETE SET NULL,
  constraint app_versions_halted CHECK ((((halted_at IS NULL) = (halt_reason IS NULL)) AND ((halted_at IS NULL) OR ((status)::text = 'published'::text)))),
  constraint app_versions_package_digest_check CHECK (((package_digest)::text ~ '^[0-9a-f]{64}$'::text)),
  constraint app_versions_published CHECK (((((status)::text = 'published'::text) = (published_at IS NOT NULL)) AND (((status)::text = 'published'::text) = (rollout_percent IS NOT NULL)))),
  constraint app_versions_rollout_percent_check CHECK (((rollout_percent >= 1) AND (rollout_percent <= 100))),
  constraint app_versions_status CHECK (((status IS NOT NULL) AND ((status)::text = ANY ((ARRAY['draft'::varchar, 'review'::varchar, 'approved'::varchar, 'published'::varchar, 'rejected'::varchar])::text[])))),
  constraint app_versions_submitted CHECK ((((status)::text <> ALL ((ARRAY['review'::varchar, 'approved'::varchar, 'published'::varchar])::text[])) OR (submitted_at IS NOT NULL))),
  constraint app_versions_whole CHECK (((developer_id IS NOT NULL) AND (app_id IS NOT NULL) AND (package_digest IS NOT NULL))),
  constraint app_versions_yanked CHECK ((((yanked_at IS NULL) = (yank_reason IS NULL)) AND ((yanked_at IS NULL) OR ((status)::text = 'published'::text))))
);
CREATE INDEX app_versions_by_signing_key on app_versions USING btree (signing_key_id);
CREATE UNIQUE INDEX app_versions_in_review on app_versions USING btree (app_id) WHERE ((status)::text = 'review'::text);
alter table app_versions enable row level security;
create policy of_tenant on app_versions for all to public
  using (mosis_sees(developer_id));
CREATE TRIGGER app_versions_project_updated AFTER UPDATE on app_versions REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION project_apps_of_changed_versions();
grant delete, insert, select, update (version_name, package_url, package_size, signature, permissions, min_mosis_version, release_notes, status, review_notes, published_at, package_digest, signing_key_id, submitted_at, rollout_percent, halted_at, halt_reason, yanked_at, yank_reason, updated_at) on app_versions to mosis_api;

-- Apps of developers, drafts included
create table apps (
  id uuid not null default gen_random_uuid(), -- Id of the app, which its telemetry has
  developer_id uuid, -- Account that the app belongs to
  package_id varchar(255) not null, -- Reverse domain name that devices know the app by; unique, and never used again once published
  name varchar(100) not null, -- Name; of a published app, as a reviewer has approved it
  description text, -- Description in the store
  category varchar(50), -- Category; of a published app, as a reviewer has approved it
  tags varchar(50)[] default '{}'::varchar[], -- Tags, to be found by
  status varchar(20) default 'draft'::varchar, -- draft, published or suspended
  created_at timestamptz default now(), -- When it was made
  updated_at timestamptz default now(), -- When it was changed last
  telemetry_events_per_day bigint not null default 20000000, -- Events a day (UTC) that ingest takes of it
  telemetry_events_per_second integer not null default 5000, -- Events a second that ingest takes of it
  telemetry_days smallint not null default 180, -- Days that its events are kept
  latest_version_id uuid, -- Newest version that all installs get; null without one
  rollout_version_id uuid, -- Published version that some installs get, running or halted; null without one
  published_code_max integer, -- Greatest version code that was ever published; null before the first
  signing_fingerprint varchar(64), -- Fingerprint of the key that has to sign the next version; null before the first
  suspended_by varchar(20), -- developer or admin: who has suspended it. What an admin has suspended only an admin restores
  suspend_reason varchar(500), -- Why it was suspended
  latest_code integer, -- Version code of latest_version_id
  latest_name varchar(64), -- Version name of latest_version_id
  constraint apps_pkey PRIMARY KEY (id),
  constraint apps_package_id_key UNIQUE (package_id),
  constraint apps_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE,
  constraint apps_latest_named CHECK ((num_nulls(latest_version_id, latest_code, latest_name) = ANY (ARRAY[0, 3]))),
  constraint apps_status CHECK (((status IS NOT NULL) AND ((status)::text = ANY ((ARRAY['draft'::varchar, 'published'::varchar, 'suspended'::varchar])::text[])))),
  constraint apps_suspended CHECK (((((status)::text = 'suspended'::text) = (suspended_by IS NOT NULL)) AND (((status)::text = 'suspended'::text) OR (suspend_reason IS NULL)))),
  constraint apps_suspended_by_check CHECK (((suspended_by)::text = ANY ((ARRAY['developer'::varchar, 'admin'::varchar])::text[]))),
  constraint apps_telemetry_days_check CHECK (((telemetry_days >= 1) AND (telemetry_days <= 730))),
  constraint apps_telemetry_events_per_day_check CHECK (((telemetry_events_per_day >= 1) AND (telemetry_events_per_day <= '1000000000000'::bigint))),
  constraint apps_telemetry_events_per_second_check CHECK (((telemetry_events_per_second >= 1) AND (telemetry_events_per_second <= 10000000)))
);
CREATE INDEX apps_by_developer on apps USING btree (developer_id, created_at, id);
CREATE INDEX apps_published_names on apps USING gin (name gin_trgm_ops) WHERE ((status)::text = 'published'::text);
CREATE INDEX apps_published_skeletons on apps USING gin (name_skeleton((name)::text) gin_trgm_ops) WHERE ((status)::text = 'published'::text);
alter table apps enable row level security;
create policy of_relay on apps for select to mosis_relay
  using (true);
create policy of_tenant on apps for all to mosis_api
  using (mosis_sees(developer_id));
CREATE TRIGGER apps_name_latest BEFORE UPDATE on apps FOR EACH ROW WHEN ((new.latest_version_id IS DISTINCT FROM old.latest_version_id)) EXECUTE FUNCTION name_latest_version();
CREATE TRIGGER apps_project_inserted AFTER INSERT on apps REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION project_changed_apps();
CREATE TRIGGER apps_project_updated AFTER UPDATE on apps REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION project_changed_apps();
CREATE TRIGGER apps_retire_package_id AFTER DELETE on apps FOR EACH ROW EXECUTE FUNCTION apps_retire_package_id();
grant delete, insert, select, update (name, description, category, tags, status, updated_at, telemetry_events_per_day, telemetry_events_per_second, telemetry_days, latest_version_id, rollout_version_id, published_code_max, signing_fingerprint, suspended_by, suspend_reason, latest_code, latest_name) on apps to mosis_api;
grant select (id, developer_id) on apps to mosis_relay;

-- Accounts: everybody who signs in, reviewers and admins among them
create table developers (
  id uuid not null default gen_random_uuid(), -- Id of the account, the tenant of all that belongs to it
  email varchar(255) not null, -- Address in one form: the domain as A-label, the rest in NFC. Unique in any case
  name varchar(100) not null, -- Name, as the developer writes it
  password_hash varchar(255), -- Argon2id hash of the password with its settings; null without a password. The api writes it and never reads it
  oauth_provider varchar(50), -- Name of the provider that the account is linked to; null without one
  oauth_id varchar(255), -- The subject that this provider knows the account by
  verified boolean default false, -- Whether the owner has proved to read mails at the address
  created_at timestamptz default now(), -- When the account was registered
  updated_at timestamptz default now(), -- When the account was changed last
  role varchar(20) not null default 'developer'::varchar, -- developer, reviewer or admin. Only the command of an operator sets it
  constraint developers_pkey PRIMARY KEY (id),
  constraint developers_email_key UNIQUE (email),
  constraint developers_role_check CHECK (((role)::text = ANY ((ARRAY['developer'::varchar, 'reviewer'::varchar, 'admin'::varchar])::text[])))
);
CREATE UNIQUE INDEX developers_lower_email on developers USING btree (lower((email)::text));
CREATE UNIQUE INDEX developers_oauth on developers USING btree (oauth_provider, oauth_id);
CREATE INDEX developers_unconfirmed on developers USING btree (created_at) WHERE (verified IS NOT TRUE);
alter table developers enable row level security;
create policy of_tenant on developers for all to public
  using (mosis_sees(id));
grant delete, insert (email, name, password_hash, oauth_provider, oauth_id, verified), select (id, email, name, oauth_provider, oauth_id, verified, created_at, updated_at, role), update (email, name, password_hash, oauth_provider, oauth_id, verified, updated_at) on developers to mosis_api;

-- Answers to changes that came with an Idempotency-Key, for 24 hours
create table idempotency_keys (
  developer_id uuid not null, -- Account that has sent it
  actor_id uuid not null, -- Session or key that has sent it
  key_hash bytea not null, -- SHA-256 of the Idempotency-Key, which is half of what decrypts the answer
  request_hash bytea not null, -- SHA-256 of method, path and body
  answer bytea, -- Encrypted answer; null while the change runs
  created_at timestamptz not null default now(), -- When the request came
  constraint idempotency_keys_pkey PRIMARY KEY (actor_id, key_hash),
  constraint idempotency_keys_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE
);
CREATE INDEX idempotency_keys_by_developer on idempotency_keys USING btree (developer_id, created_at);
alter table idempotency_keys enable row level security;
create policy of_tenant on idempotency_keys for all to public
  using (mosis_sees(developer_id));
grant delete, insert, select, update (answer) on idempotency_keys to mosis_api;

-- Devices that developers have signed in with; one that is new is told by mail
create table known_devices (
  developer_id uuid not null, -- Account that has signed in
  device varchar(64) not null, -- SHA-256 of the account, the network and the name of the client, hex
  last_seen_at timestamptz not null default now(), -- When it was used last to sign in
  noticed_at timestamptz, -- When a mail told of it; null: none did
  constraint known_devices_pkey PRIMARY KEY (developer_id, device),
  constraint known_devices_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE
);
alter table known_devices enable row level security;
create policy of_tenant on known_devices for all to public
  using (mosis_sees(developer_id));
grant delete, insert, select, update on known_devices to mosis_api;

-- Mails on their way; a row is deleted when its mail has left
create table mails (
  id uuid not null, -- Id of the mail
  developer_id uuid, -- Account that it is about; null: whoever has the address, if anybody has
  kind varchar(30) not null, -- What the mail tells
  recipient varchar(255) not null, -- Address that it goes to
  request_id varchar(64) not null, -- Request that has caused it
  attempts integer not null default 0, -- How often it was tried to send it
  due_at timestamptz not null default now(), -- When it is tried next; the sender that takes it moves this into the future
  created_at timestamptz not null default now(), -- When it was queued
  subjects varchar(100)[] not null default '{}'::varchar[], -- What it lists: beginnings of secrets, ids. Never what somebody has typed
  constraint mails_pkey PRIMARY KEY (id)
);
CREATE INDEX mails_by_developer on mails USING btree (developer_id);
CREATE INDEX mails_due on mails USING btree (due_at);
alter table mails enable row level security;
create policy of_tenant on mails for all to public
  using (mosis_sees(developer_id));
grant delete, select, update (attempts, due_at) on mails to mosis_api;

-- Sign-ins that are at a provider, to come back from it
create table oauth_flows (
  token_hash varchar(64) not null, -- SHA-256 of the token that the browser has, hex
  provider varchar(50) not null, -- Name of the provider
  redirect_uri varchar(500) not null, -- Page that the provider sends the browser back to
  developer_id uuid, -- Account that is to be linked; null for signing in
  expires_at timestamptz not null, -- When it is too late to come back
  constraint oauth_flows_pkey PRIMARY KEY (token_hash),
  constraint oauth_flows_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE
);
CREATE INDEX oauth_flows_by_developer on oauth_flows USING btree (developer_id);
alter table oauth_flows enable row level security;
create policy of_tenant on oauth_flows for all to public
  using (mosis_sees(developer_id));
grant delete, insert (token_hash, provider, redirect_uri, developer_id, expires_at), select (provider, redirect_uri, developer_id, expires_at) on oauth_flows to mosis_api;

-- What the relay has to publish to Kafka, written with the change that it tells of and deleted once published
create table outbox (
  position bigint not null, -- Place in the order: commit order within a developer
  id uuid not null, -- UUIDv7, the id of the event
  aggregate_type varchar(50) not null, -- Kind of what has changed
  aggregate_id varchar(255) not null, -- Id of what has changed
  type varchar(100) not null, -- What has happened
  payload json, -- Body of the record, as it is published; null: what it was about is gone
  created_at timestamptz not null default now(), -- When it was written
  developer_id uuid not null, -- Account that it is about
  topic varchar(100) not null, -- Topic of Kafka that it goes to
  record_key varchar(255) not null, -- Key of its record
  transaction_id xid8 not null default pg_current_xact_id(), -- Transaction that wrote it, for connectors that order by it
  constraint outbox_pkey PRIMARY KEY ("position")
) with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=20000, autovacuum_vacuum_insert_scale_factor=0, autovacuum_vacuum_insert_threshold=100000);
alter table outbox enable row level security;
create policy of_relay on outbox for select to mosis_relay
  using (true);
create policy of_relay_published on outbox for delete to mosis_relay
  using (true);
create policy of_relay_states on outbox for insert to mosis_relay
  with check (((topic)::text = ANY ((ARRAY['catalog.apps'::varchar, 'catalog.keys'::varchar, 'catalog.restrictions'::varchar])::text[])));
create policy of_tenant on outbox for insert to mosis_api
  with check (mosis_sees(developer_id));
create policy of_webhooks on outbox for insert to mosis_webhooks
  with check ((((topic)::text = 'audit.events'::text) AND ((type)::text = 'webhook.disabled'::text)));
CREATE TRIGGER outbox_fill BEFORE INSERT on outbox FOR EACH ROW EXECUTE FUNCTION fill_outbox_row();
CREATE TRIGGER outbox_take_position BEFORE INSERT on outbox FOR EACH ROW EXECUTE FUNCTION outbox_take_position();
grant insert (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key) on outbox to mosis_api;
grant delete, insert (id, aggregate_type, aggregate_id, type, developer_id, topic, record_key), select on outbox to mosis_relay;
grant insert (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key) on outbox to mosis_webhooks;

-- Rows of the outbox that Kafka has refused, kept as they were until an operator decides
create table outbox_quarantine (
  position bigint not null, -- Place that the row had in the outbox
  id uuid not null, -- UUIDv7, the id of the event
  aggregate_type varchar(50) not null, -- Kind of what has changed
  aggregate_id varchar(255) not null, -- Id of what has changed
  type varchar(100) not null, -- What has happened
  payload json, -- Body of the record; null: what it was about is gone
  created_at timestamptz not null, -- When it was written
  developer_id uuid not null, -- Account that it is about
  topic varchar(100) not null, -- Topic of Kafka that refused it
  record_key varchar(255) not null, -- Key of its record
  transaction_id xid8 not null, -- Transaction that wrote it
  reason text not null, -- What Kafka answered
  quarantined_at timestamptz not null default now(), -- When it was put here
  constraint outbox_quarantine_pkey PRIMARY KEY ("position")
);
grant insert (position, id, aggregate_type, aggregate_id, type, payload, created_at, developer_id, topic, record_key, transaction_id, reason), select (position) on outbox_quarantine to mosis_relay;

-- Challenges of passkeys that are being registered
create table passkey_challenges (
  challenge_hash varchar(64) not null, -- SHA-256 of the challenge, hex
  session_id uuid not null, -- Session that registers
  developer_id uuid not null, -- Account that registers
  expires_at timestamptz not null, -- When it is too late to answer
  constraint passkey_challenges_pkey PRIMARY KEY (challenge_hash),
  constraint passkey_challenges_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE,
  constraint passkey_challenges_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
);
CREATE INDEX passkey_challenges_by_developer on passkey_challenges USING btree (developer_id);
CREATE INDEX passkey_challenges_by_session on passkey_challenges USING btree (session_id);
alter table passkey_challenges enable row level security;
create policy of_tenant on passkey_challenges for all to public
  using (mosis_sees(developer_id));
grant delete, insert, select on passkey_challenges to mosis_api;

-- Passkeys: credentials of WebAuthn
create table passkeys (
  id uuid not null, -- Id of the passkey
  developer_id uuid not null, -- Account that it signs in to
  credential_id varchar(1364) not null, -- Id that the authenticator has chosen, base64url
  public_key bytea not null, -- Public key, COSE
  sign_count bigint not null, -- Greatest count that was seen; 0 of authenticators that do not count
  transports varchar(32)[] not null, -- How the authenticator can be reached, as it says
  backed_up boolean not null, -- Whether it is copied to other devices, as the authenticator says
  name varchar(100) not null, -- Name, as the developer writes it
  created_at timestamptz not null default now(), -- When it was registered
  last_used_at timestamptz, -- When it was used last; null: never
  constraint passkeys_pkey PRIMARY KEY (id),
  constraint passkeys_credential_id_key UNIQUE (credential_id),
  constraint passkeys_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE
);
CREATE INDEX passkeys_by_developer on passkeys USING btree (developer_id, created_at, id);
alter table passkeys enable row level security;
create policy of_tenant on passkeys for all to public
  using (mosis_sees(developer_id));
grant delete, insert, select, update (sign_count, backed_up, name, last_used_at) on passkeys to mosis_api;

-- What the store answers about a published app, ready to be sent
create table published_app_answers (
  app_id uuid not null, -- Id of the app
  package_id varchar(255) not null, -- Package id of the app
  state_hash varchar(32) not null, -- That of published_apps which the answer was made of
  answer text not null, -- Body of the answer, JSON
  constraint published_app_answers_pkey PRIMARY KEY (app_id),
  constraint published_app_answers_package_id_key UNIQUE (package_id),
  constraint published_app_answers_app_id_fkey FOREIGN KEY (app_id) REFERENCES published_apps(app_id) ON DELETE CASCADE
);
alter table published_app_answers enable row level security;
create policy of_everybody on published_app_answers for select to public
  using (true);
grant select on published_app_answers to mosis_api;

-- Published apps by term, the best first: what search and lists of the store read
create table published_app_terms (
  term text not null, -- w: and a lexeme, c: and a category or t: and a tag; u: and n: for lists by update and by age, followed by c: or t: for filtered ones
  rank integer not null, -- By w: 1 for all that an app has, and more for what is in its tags and its name; in lists seconds since 2020. The greatest comes first
  app_no integer not null, -- Number of the app in published_apps
  constraint published_app_terms_pkey PRIMARY KEY (term, rank, app_no)
);
CREATE INDEX published_app_terms_sample on published_app_terms USING btree (term) WHERE ((rank = 1) AND ((app_no % 64) = 0));
alter table published_app_terms enable row level security;
create policy of_everybody on published_app_terms for select to public
  using (true);
grant select on published_app_terms to mosis_api;

-- What the store shows of published apps; triggers keep it as apps and app_versions are
create table published_apps (
  app_id uuid not null, -- Id of the app
  app_no integer not null generated always as identity, -- Number of the app in published_app_terms, four bytes instead of sixteen
  package_id varchar(255) not null, -- Package id
  name varchar(100) not null, -- Name
  description text, -- Description
  category varchar(50), -- Category
  tags varchar(50)[] not null, -- Tags
  latest_version_id uuid, -- Newest version that all installs get; null without one
  rollout_version_id uuid, -- Version that some installs get; null without one
  published_at timestamptz not null, -- When the app came into the store
  updated_at timestamptz not null, -- When its latest version did
  state_hash varchar(32) not null, -- Hash of all that the store answers about it, rollouts included: the same hash, the same answer
  name_words tsvector not null, -- Lexemes of name and package id
  words tsvector not null, -- All lexemes: A of the name, B of tags, D of the description, and the filters c: for the category, t: for tags
  folded_name text not null, -- The name as search compares it; see search_name
  constraint published_apps_pkey PRIMARY KEY (app_id),
  constraint published_apps_app_no_key UNIQUE (app_no),
  constraint published_apps_package_id_key UNIQUE (package_id),
  constraint published_apps_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE
);
CREATE INDEX published_apps_folded_name on published_apps USING btree (folded_name, app_no);
alter table published_apps enable row level security;
create policy of_everybody on published_apps for select to public
  using (true);
CREATE TRIGGER published_apps_delete_terms AFTER DELETE on published_apps REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION delete_terms();
CREATE TRIGGER published_apps_insert_answers AFTER INSERT on published_apps REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION answer_for_apps();
CREATE TRIGGER published_apps_insert_terms AFTER INSERT on published_apps REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION insert_terms();
CREATE TRIGGER published_apps_insert_words AFTER INSERT on published_apps REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION add_words();
CREATE TRIGGER published_apps_update_answers AFTER UPDATE on published_apps REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION answer_for_apps();
CREATE TRIGGER published_apps_update_terms AFTER UPDATE on published_apps REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION update_terms();
CREATE TRIGGER published_apps_update_words AFTER UPDATE on published_apps REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION add_words();
grant select on published_apps to mosis_api;

-- Words of names and tags in the store, to find the one that is meant by a misspelt one
create table published_words (
  word text not null, -- The word, folded; see search_fold
  constraint published_words_pkey PRIMARY KEY (word)
);
CREATE INDEX published_words_trigrams on published_words USING gin (word gin_trgm_ops);
alter table published_words enable row level security;
create policy of_everybody on published_words for select to public
  using (true);
grant select on published_words to mosis_api;

-- Codes that each stand once for a second factor; a used one is deleted
create table recovery_codes (
  developer_id uuid not null, -- Account that they belong to
  code_hash varchar(64) not null, -- SHA-256 of the account and the code, hex
  created_at timestamptz not null default now(), -- When it was made
  constraint recovery_codes_pkey PRIMARY KEY (developer_id, code_hash),
  constraint recovery_codes_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE
);
alter table recovery_codes enable row level security;
create policy of_tenant on recovery_codes for all to public
  using (mosis_sees(developer_id));
grant delete, insert, select on recovery_codes to mosis_api;

-- Package ids of deleted apps that had been published, which no app gets again
create table retired_package_ids (
  package_id varchar(255) not null, -- The package id
  retired_at timestamptz not null default now(), -- When its app was deleted
  constraint retired_package_ids_pkey PRIMARY KEY (package_id)
);
alter table retired_package_ids enable row level security;
create policy of_everybody on retired_package_ids for select to public
  using (true);
grant select on retired_package_ids to mosis_api;

-- Steps of reviews, for their developers
create table review_events (
  id bigint not null generated always as identity, -- Order of the steps
  review_id uuid not null, -- The review
  developer_id uuid not null, -- Account that has submitted it
  event varchar(20) not null, -- What was done
  by_part varchar(20) not null, -- developer, reviewer or platform: developers are not told who reviews
  at timestamptz not null default now(), -- When
  constraint review_events_pkey PRIMARY KEY (id),
  constraint review_events_review_id_fkey FOREIGN KEY (review_id) REFERENCES reviews(id) ON DELETE CASCADE,
  constraint review_events_by_part_check CHECK (((by_part)::text = ANY ((ARRAY['developer'::varchar, 'reviewer'::varchar, 'platform'::varchar])::text[])))
);
CREATE INDEX review_events_by_review on review_events USING btree (review_id, id);
alter table review_events enable row level security;
create policy of_tenant on review_events for all to public
  using (mosis_sees(developer_id));
grant insert, select on review_events to mosis_api;

-- Submissions of versions, one row each, with what became of them
create table reviews (
  id uuid not null, -- Id of the review
  version_id uuid, -- Version that was submitted; null once it is deleted
  app_id uuid not null, -- App of the version
  developer_id uuid not null, -- Account that has submitted it
  state varchar(20) not null default 'waiting'::varchar, -- waiting, approved, rejected, withdrawn or superseded
  submitted_at timestamptz not null default now(), -- When it was submitted
  ended_at timestamptz, -- When it stopped waiting; null while it waits
  claimed_by uuid, -- Reviewer who has it until claimed_until; null: nobody
  claimed_until timestamptz, -- When the claim ends by itself
  decided_by uuid, -- Reviewer who has decided; null without a decision
  codes varchar(50)[] not null default '{}'::varchar[], -- Reasons of a rejection, from a closed list
  notes varchar(5000), -- What the reviewer has written to the developer
  checks jsonb not null, -- What was checked by itself: as at the submission, and from the end on as it was then
  constraint reviews_pkey PRIMARY KEY (id),
  constraint reviews_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint reviews_version_id_fkey FOREIGN KEY (version_id) REFERENCES app_versions(id) ON DELETE SET NULL,
  constraint reviews_check CHECK ((((state)::text = 'waiting'::text) = (ended_at IS NULL))),
  constraint reviews_check1 CHECK ((((claimed_by IS NULL) = (claimed_until IS NULL)) AND ((claimed_by IS NULL) OR ((state)::text = 'waiting'::text)))),
  constraint reviews_check2 CHECK ((((state)::text = ANY ((ARRAY['approved'::varchar, 'rejected'::varchar])::text[])) = (decided_by IS NOT NULL))),
  constraint reviews_check3 CHECK ((((state)::text = 'rejected'::text) = (cardinality(codes) > 0))),
  constraint reviews_state_check CHECK (((state)::text = ANY ((ARRAY['waiting'::varchar, 'approved'::varchar, 'rejected'::varchar, 'withdrawn'::varchar, 'superseded'::varchar])::text[])))
);
CREATE INDEX reviews_by_app on reviews USING btree (app_id, submitted_at);
CREATE INDEX reviews_by_claim on reviews USING btree (claimed_by) WHERE (claimed_by IS NOT NULL);
CREATE INDEX reviews_by_version on reviews USING btree (version_id, submitted_at);
CREATE INDEX reviews_decided on reviews USING btree (ended_at) WHERE (decided_by IS NOT NULL);
CREATE INDEX reviews_queue on reviews USING btree (submitted_at, id) WHERE ((state)::text = 'waiting'::text);
CREATE UNIQUE INDEX reviews_waiting on reviews USING btree (app_id) WHERE ((state)::text = 'waiting'::text);
alter table reviews enable row level security;
create policy of_tenant on reviews for all to public
  using (mosis_sees(developer_id));
grant insert, select, update (state, ended_at, claimed_by, claimed_until, decided_by, codes, notes, checks) on reviews to mosis_api;

-- Sign-ins of developers that have not ended
create table sessions (
  id uuid not null, -- Id of the session
  developer_id uuid not null, -- Account that has signed in
  token_hash varchar(64) not null, -- SHA-256 of the token, hex. The token is told once and stored nowhere
  created_at timestamptz not null default now(), -- When it began
  expires_at timestamptz not null, -- When it ends at the latest
  last_used_at timestamptz not null default now(), -- When its last request came
  idle_minutes integer not null default 480, -- Minutes without a request after which it ends
  user_agent varchar(200), -- What the client says it is; null: it says nothing
  address inet, -- Address that it was begun from; null for sessions from before this was noted
  last_address inet, -- Address of its last request
  reauthenticated_at timestamptz, -- When its developer has last proved in it who they are; null: not since it began
  second_factor varchar(20), -- totp, passkey or recovery_code: what proved it beside a password or provider; null: nothing
  second_factor_at timestamptz, -- When the second factor was proved
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_token_hash_key UNIQUE (token_hash),
  constraint sessions_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE,
  constraint sessions_idle_minutes_check CHECK ((idle_minutes > 0)),
  constraint sessions_second_factor_check CHECK (((second_factor)::text = ANY ((ARRAY['totp'::varchar, 'passkey'::varchar, 'recovery_code'::varchar])::text[])))
);
CREATE INDEX sessions_by_developer on sessions USING btree (developer_id, created_at, id);
alter table sessions enable row level security;
create policy of_tenant on sessions for all to public
  using (mosis_sees(developer_id));
grant delete, insert (id, developer_id, token_hash, expires_at, idle_minutes, user_agent, address, last_address, second_factor, second_factor_at), select (id, developer_id, created_at, expires_at, last_used_at, idle_minutes, user_agent, address, last_address, reauthenticated_at, second_factor, second_factor_at), update (last_used_at, last_address, reauthenticated_at, second_factor, second_factor_at) on sessions to mosis_api;

-- Sign-ins that wait for a second factor or a passkey
create table sign_ins (
  token_hash varchar(64) not null, -- SHA-256 of the token that the client has, hex
  developer_id uuid, -- Account whose password was right; null: the account of the passkey that answers
  ways_in varchar(64), -- SHA-256 of the password hash and the provider when the first factor was right, hex
  challenge_hash varchar(64), -- SHA-256 of the challenge for a passkey, hex, until it is used
  challenge_expires_at timestamptz, -- When it is too late to answer the challenge
  attempts_left smallint not null, -- Wrong answers that are still allowed
  created_at timestamptz not null default now(), -- When it began
  expires_at timestamptz not null, -- When it ends
  constraint sign_ins_pkey PRIMARY KEY (token_hash),
  constraint sign_ins_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE,
  constraint sign_ins_check CHECK (((developer_id IS NULL) = (ways_in IS NULL))),
  constraint sign_ins_check1 CHECK (((challenge_hash IS NULL) = (challenge_expires_at IS NULL)))
);
CREATE INDEX sign_ins_by_developer on sign_ins USING btree (developer_id, created_at);
alter table sign_ins enable row level security;
create policy of_tenant on sign_ins for all to public
  using (mosis_sees(developer_id));
grant delete, insert, select, update (challenge_hash, challenge_expires_at, attempts_left) on sign_ins to mosis_api;

-- Public keys that developers sign packages with
create table signing_keys (
  id uuid not null default gen_random_uuid(), -- Id of the key
  developer_id uuid, -- Account that has proved to hold the private half
  name varchar(100) not null, -- Name, as the developer writes it
  public_key text not null, -- Public key, PEM
  fingerprint varchar(64) not null, -- SHA-256 of the public key, hex
  is_active boolean default true, -- Whether versions may be signed with it
  created_at timestamptz default now(), -- When it was registered
  algorithm varchar(20) not null generated always as (
CASE
    WHEN (public_key ~~ (('-----BEGIN PUBLIC KEY-----'::text || chr(10)) || 'MCowBQYDK2Vw%'::text)) THEN 'ed25519'::text
    WHEN (public_key ~~ (('-----BEGIN PUBLIC KEY-----'::text || chr(10)) || 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD%'::text)) THEN 'ecdsa_p256'::text
    ELSE 'rsa'::text
END) stored, -- ed25519, ecdsa_p256 or rsa, read from the key
  revoked_at timestamptz, -- When it was revoked; null: it was not. A revoked key does not come back
  revoke_reason varchar(500), -- Why it was revoked
  constraint signing_keys_pkey PRIMARY KEY (id),
  constraint signing_keys_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE
);
CREATE INDEX signing_keys_by_developer on signing_keys USING btree (developer_id, created_at, id);
CREATE UNIQUE INDEX signing_keys_fingerprint on signing_keys USING btree (developer_id, fingerprint);
alter table signing_keys enable row level security;
create policy of_tenant on signing_keys for all to public
  using (mosis_sees(developer_id));
grant delete, insert, select, update (is_active, revoked_at, revoke_reason) on signing_keys to mosis_api;

-- When the relay has last published all apps, keys and restrictions again; one row at most
create table state_publications (
  is_only_row boolean not null default true, -- Keeps a second row away
  signing_key varchar(32) not null, -- Id of the key that signed them
  completed_at timestamptz not null, -- When that was done
  constraint state_publications_pkey PRIMARY KEY (is_only_row),
  constraint state_publications_is_only_row_check CHECK (is_only_row)
);
grant insert (signing_key, completed_at), select (is_only_row, signing_key, completed_at), update (signing_key, completed_at) on state_publications to mosis_relay;

-- Installs whose events were asked to be erased
create table telemetry_erasures (
  id uuid not null default gen_random_uuid(), -- Id of the erasure
  app_id uuid not null, -- App whose events of the install are erased
  install_hash varchar(64) not null, -- SHA-256 of the install id, hex. The id itself is stored nowhere
  requested_at timestamptz not null default now(), -- When it was asked for
  constraint telemetry_erasures_pkey PRIMARY KEY (id),
  constraint telemetry_erasures_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE
);
CREATE INDEX telemetry_erasures_by_app on telemetry_erasures USING btree (app_id, requested_at);
alter table telemetry_erasures enable row level security;
create policy of_tenant on telemetry_erasures for all to public
  using ((EXISTS ( SELECT
   FROM apps
  WHERE (apps.id = telemetry_erasures.app_id))));
grant insert, select on telemetry_erasures to mosis_api;

-- What ingest drops, samples or sets aside
create table telemetry_restrictions (
  id uuid not null default gen_random_uuid(), -- Id of the restriction
  developer_id uuid, -- Account whose apps it holds for; null: everybody's, which only an admin restricts
  app_id uuid, -- Events of this app; null: of any
  key_id uuid, -- Events that come with this key; null: with any
  event_name varchar(100), -- Events of this name; null: of any
  action varchar(20) not null, -- drop, sample or quarantine
  rate double precision, -- Part of the sessions that a sample keeps, 0 to 1; null for other actions
  reason varchar(500) not null, -- Why, told with each event that it concerns
  created_by uuid not null, -- Account that has made it
  created_at timestamptz not null default now(), -- When it was made
  expires_at timestamptz, -- When it ends by itself; null: it does not
  constraint telemetry_restrictions_pkey PRIMARY KEY (id),
  constraint telemetry_restrictions_created_by_fkey FOREIGN KEY (created_by) REFERENCES developers(id) ON DELETE CASCADE,
  constraint telemetry_restrictions_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE,
  constraint telemetry_restrictions_action_check CHECK (((action)::text = ANY ((ARRAY['drop'::varchar, 'sample'::varchar, 'quarantine'::varchar])::text[]))),
  constraint telemetry_restrictions_check CHECK ((num_nonnulls(app_id, key_id, event_name) > 0)),
  constraint telemetry_restrictions_check1 CHECK ((((action)::text = 'sample'::text) = (rate IS NOT NULL))),
  constraint telemetry_restrictions_rate_check CHECK (((rate >= (0)::double precision) AND (rate <= (1)::double precision)))
);
CREATE INDEX telemetry_restrictions_by_creator on telemetry_restrictions USING btree (created_by);
CREATE INDEX telemetry_restrictions_by_developer on telemetry_restrictions USING btree (developer_id, created_at, id);
alter table telemetry_restrictions enable row level security;
create policy of_relay on telemetry_restrictions for select to mosis_relay
  using (true);
create policy of_tenant on telemetry_restrictions for all to mosis_api
  using (mosis_sees(developer_id));
grant delete, insert, select on telemetry_restrictions to mosis_api;
grant select (id, developer_id, created_by) on telemetry_restrictions to mosis_relay;

-- Buckets of what may be tried only so often, over all processes. Unlogged: a crash fills them
create table throttles (
  key varchar(64) not null, -- SHA-256 of what is tried and with which address, hex
  full_at timestamptz not null, -- When the bucket is full again, which says its level
  constraint throttles_pkey PRIMARY KEY (key)
);
alter table throttles enable row level security;
create policy of_tenant on throttles for all to public
  using (mosis_sees(NULL::uuid));
grant delete, insert, select, update on throttles to mosis_api;

-- Secrets of authenticator apps: one that counts, and one that waits for its first code
create table totps (
  id uuid not null, -- Id of the factor
  developer_id uuid not null, -- Account that it belongs to
  secret bytea not null, -- Encrypted secret that codes are computed from
  created_at timestamptz not null default now(), -- When it was made
  confirmed_at timestamptz, -- When its first code was right; null: it waits for that
  last_step bigint not null default 0, -- The 30 seconds of the last code that was taken, counted from 1970: a code is taken once
  constraint totps_pkey PRIMARY KEY (id),
  constraint totps_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX totps_confirmed on totps USING btree (developer_id) WHERE (confirmed_at IS NOT NULL);
CREATE UNIQUE INDEX totps_pending on totps USING btree (developer_id) WHERE (confirmed_at IS NULL);
alter table totps enable row level security;
create policy of_tenant on totps for all to public
  using (mosis_sees(developer_id));
grant delete, insert, select, update (id, secret, created_at, confirmed_at, last_step) on totps to mosis_api;

-- Events on their way to webhooks, and what became of them
create table webhook_deliveries (
  id uuid not null, -- Id of the delivery
  developer_id uuid not null, -- Account that the webhook belongs to
  webhook_id uuid not null, -- The webhook
  event_id uuid not null, -- Id of the audit event, which the receiver gets as webhook-id
  type varchar(100) not null, -- Action of the event
  event json not null, -- The audit event, as it was published
  status varchar(20) not null default 'pending'::varchar, -- pending, succeeded or failed
  attempts integer not null default 0, -- Attempts that were begun
  next_attempt_at timestamptz default now(), -- When the next attempt may begin; null once it has ended
  last_attempt_at timestamptz, -- When the last attempt began; null: none yet
  response_status integer, -- HTTP status of the last answer; null without one
  duration_ms integer, -- Milliseconds that the last attempt took
  error varchar(50), -- Why the last attempt failed; null: it did not
  created_at timestamptz not null default now(), -- When the delivery was made
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_webhook_id_event_id_key UNIQUE (webhook_id, event_id),
  constraint webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE,
  constraint webhook_deliveries_check CHECK ((((status)::text = 'pending'::text) = (next_attempt_at IS NOT NULL))),
  constraint webhook_deliveries_status_check CHECK (((status)::text = ANY ((ARRAY['pending'::varchar, 'succeeded'::varchar, 'failed'::varchar])::text[])))
);
CREATE INDEX webhook_deliveries_by_age on webhook_deliveries USING btree (created_at) WHERE ((status)::text <> 'pending'::text);
CREATE INDEX webhook_deliveries_by_webhook on webhook_deliveries USING btree (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_due on webhook_deliveries USING btree (webhook_id, next_attempt_at) WHERE ((status)::text = 'pending'::text);
alter table webhook_deliveries enable row level security;
create policy of_relay on webhook_deliveries for select to mosis_relay
  using (true);
create policy of_relay_events on webhook_deliveries for insert to mosis_relay
  with check (true);
create policy of_tenant on webhook_deliveries for all to mosis_api
  using (mosis_sees(developer_id));
create policy of_webhooks on webhook_deliveries for select to mosis_webhooks
  using (true);
create policy of_webhooks_attempts on webhook_deliveries for update to mosis_webhooks
  using (true);
create policy of_webhooks_ended on webhook_deliveries for delete to mosis_webhooks
  using (((status)::text <> 'pending'::text));
grant insert, select, update (status, attempts, next_attempt_at, error) on webhook_deliveries to mosis_api;
grant insert (id, developer_id, webhook_id, event_id, type, event), select (webhook_id, event_id) on webhook_deliveries to mosis_relay;
grant delete, select, update (status, attempts, next_attempt_at, last_attempt_at, response_status, duration_ms, error) on webhook_deliveries to mosis_webhooks;

-- Where developers want to be told of what happens
create table webhooks (
  id uuid not null, -- Id of the webhook
  developer_id uuid not null, -- Account that it belongs to
  url varchar(2048) not null, -- Where events are sent to
  host varchar(255) not null, -- Host of the url, lower case
  event_types varchar(100)[] not null, -- What it is told of: actions, version.* for all of a resource, * for everything
  description varchar(500) not null, -- What it is for, as the developer writes it
  secret bytea not null, -- Encrypted secret that signs; the key is in the configuration of the processes
  previous_secret bytea, -- Encrypted secret before the last rotation, which signs too until previous_secret_until
  previous_secret_until timestamptz, -- When the previous secret stops signing; null without one
  disabled_at timestamptz, -- Since when nothing is sent; null: it is on
  disabled_reason varchar(20), -- by_developer, gone or failing
  failing_since timestamptz, -- When the first attempt failed of those since the last success; null: the last one succeeded
  created_at timestamptz not null default now(), -- When it was made
  updated_at timestamptz not null default now(), -- When it was changed last
  quarantined_at timestamptz, -- Since when it waits for its owner to confirm it; null: it does not wait
  set_by_key_id uuid, -- The key that has set its url or event_types last; null: a session did
  permissions varchar(50)[], -- What that key may read, and so what the webhook hears; null: everything
  constraint webhooks_pkey PRIMARY KEY (id),
  constraint webhooks_developer_id_fkey FOREIGN KEY (developer_id) REFERENCES developers(id) ON DELETE CASCADE,
  constraint webhooks_check CHECK (((disabled_at IS NULL) = (disabled_reason IS NULL))),
  constraint webhooks_check1 CHECK (((previous_secret IS NULL) = (previous_secret_until IS NULL))),
  constraint webhooks_disabled_reason_check CHECK (((disabled_reason)::text = ANY ((ARRAY['by_developer'::varchar, 'gone'::varchar, 'failing'::varchar])::text[]))),
  constraint webhooks_event_types_check CHECK (((cardinality(event_types) >= 1) AND (cardinality(event_types) <= 50)))
);
CREATE INDEX webhooks_by_developer on webhooks USING btree (developer_id, created_at, id);
alter table webhooks enable row level security;
create policy of_relay on webhooks for select to mosis_relay
  using (true);
create policy of_tenant on webhooks for all to mosis_api
  using (mosis_sees(developer_id));
create policy of_webhooks on webhooks for select to mosis_webhooks
  using (true);
create policy of_webhooks_health on webhooks for update to mosis_webhooks
  using (true);
CREATE TRIGGER keep_previous_secret BEFORE UPDATE OF secret on webhooks FOR EACH ROW WHEN (((new.secret <> old.secret) AND (new.previous_secret_until IS NOT NULL))) EXECUTE FUNCTION keep_previous_secret();
grant delete, insert (id, developer_id, url, host, event_types, description, secret, set_by_key_id, permissions), select (id, developer_id, url, host, event_types, description, previous_secret_until, disabled_at, disabled_reason, failing_since, created_at, updated_at, quarantined_at, set_by_key_id, permissions), update (url, host, event_types, description, secret, previous_secret_until, disabled_at, disabled_reason, failing_since, updated_at, quarantined_at, set_by_key_id, permissions) on webhooks to mosis_api;
grant select (id, developer_id, event_types, disabled_at, quarantined_at, permissions) on webhooks to mosis_relay;
grant select, update (previous_secret, previous_secret_until, disabled_at, disabled_reason, failing_since, updated_at) on webhooks to mosis_webhooks;

-- Names of published apps, everybody's, to compare a new one with
create view published_app_names as
 SELECT developer_id,
    package_id,
    name,
    name_skeleton((name)::text) AS skeleton
   FROM apps
  WHERE ((status)::text = 'published'::text);
grant select on published_app_names to mosis_api;

-- Versions that devices know or may get, with the key to check their signature
create view published_versions as
 SELECT versions.id,
    versions.app_id,
    versions.version_code,
    versions.version_name,
    versions.package_url,
    versions.package_size,
    versions.package_digest,
    versions.signature,
    signing_keys.fingerprint AS signing_key,
    signing_keys.public_key,
    versions.permissions,
    versions.min_mosis_version,
    versions.release_notes,
    versions.rollout_percent,
    versions.halted_at,
    versions.yanked_at,
    versions.published_at
   FROM ((app_versions versions
     JOIN published_apps USING (app_id))
     LEFT JOIN signing_keys ON ((signing_keys.id = versions.signing_key_id)))
  WHERE ((versions.status)::text = 'published'::text);
grant select on published_versions to mosis_api;

-- Reviews that wait, everybody's, without what is in them
create view review_queue as
 SELECT id,
    app_id,
    developer_id,
    submitted_at,
    claimed_by,
    claimed_until
   FROM reviews
  WHERE ((state)::text = 'waiting'::text);
grant select on review_queue to mosis_api;

-- How long decided reviews took, everybody's
create view review_waits as
 SELECT ended_at,
    (ended_at - submitted_at) AS waited
   FROM reviews
  WHERE (decided_by IS NOT NULL);
grant select on review_waits to mosis_api;

-- Finds the account, purpose and address of a token that still works, by its hash
CREATE OR REPLACE FUNCTION account_token_of(presented_hash text)
 RETURNS TABLE(developer_id uuid, purpose text, email text)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 1
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select tokens.developer_id, tokens.purpose, tokens.email from account_tokens as tokens
  where token_hash = presented_hash and expires_at > now() and mosis_sees(tokens.developer_id)
$function$;
grant execute on function account_token_of to mosis_api;

-- Trigger: adds the words of apps that the store shows to published_words
CREATE OR REPLACE FUNCTION add_words()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  -- In one order, so that two who add the same words wait for each other and not in a circle.
  insert into published_words
  select distinct word from after, words_of_app(name, tags) word order by word
  on conflict do nothing;
  return null;
end
$function$;

-- Events a day that an app of an account may send: few while its address is not confirmed
CREATE OR REPLACE FUNCTION allowed_events_per_day(of_developer uuid, stored bigint)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select case
    when stored > 20000000 or (select verified or role <> 'developer' from developers where id = of_developer)
      then stored
    else least(stored, 100000) end
$function$;

-- Trigger: makes the rows of published_app_answers
CREATE OR REPLACE FUNCTION answer_for_apps()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  insert into published_app_answers (app_id, package_id, state_hash, answer)
  select app_id, package_id, state_hash, store_answer(after::published_apps) from after
  where not exists (select from published_app_answers made
                    where made.app_id = after.app_id and made.state_hash = after.state_hash)
  on conflict (app_id) do update
  set (package_id, state_hash, answer) = (excluded.package_id, excluded.state_hash, excluded.answer);
  return null;
end
$function$;

-- Rows that an app has in published_app_terms
CREATE OR REPLACE FUNCTION app_terms(name text, words tsvector, published_at timestamptz, updated_at timestamptz)
 RETURNS TABLE(term text, rank integer)
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select 'w:' || lexeme, ranks.rank
  from unnest(words),
       (values (1, 'anywhere'), (1000, 'tag'), (2000 - length(name), 'name')) ranks (rank, place)
  where place = 'anywhere' or place = 'tag' and 'B' = any(weights)
     or place = 'name' and (positions is null or 'A' = any(weights))
  union all
  select kind || filter, (extract(epoch from time) - 1577836800)::integer
  from (values ('u:', updated_at), ('n:', published_at)) orders (kind, time),
       (select '' as filter union all select lexeme from unnest(words) where positions is null) filters
$function$;

-- Trigger: keeps the package id of a deleted app from others, once it was published
CREATE OR REPLACE FUNCTION apps_retire_package_id()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if old.status <> 'draft' or old.published_code_max is not null then
    insert into retired_package_ids (package_id) values (old.package_id) on conflict do nothing;
  end if;
  return null;
end
$function$;

-- Takes from the webhooks that a key has set what the key may not read any more
CREATE OR REPLACE FUNCTION cut_webhooks()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  update webhooks
  set permissions = array(select unnest(permissions)
                          intersect select jsonb_array_elements_text(new.permissions) order by 1)
  where developer_id = new.developer_id and set_by_key_id = new.id;
  return null;
end
$function$;

-- Trigger: takes apps out of published_app_terms
CREATE OR REPLACE FUNCTION delete_terms()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  delete from published_app_terms gone using (
    select term, rank, app_no from before, app_terms(name, words, published_at, updated_at)
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  return null;
end
$function$;

-- Finds the account of an address in any case
CREATE OR REPLACE FUNCTION developer_of(presented_email text)
 RETURNS TABLE(id uuid, email text)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 1
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select found.id, found.email from developers as found
  where lower(found.email) = lower(presented_email) and mosis_sees(found.id)
$function$;
grant execute on function developer_of to mosis_api;

-- Trigger: makes the payload of a state from its table, and refuses what does not fit its row
CREATE OR REPLACE FUNCTION fill_outbox_row()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  owner uuid;
  state json;
  install_hash text;
begin
  case new.topic
    when 'audit.events' then
      if new.record_key <> new.developer_id::text
        or (new.payload ->> 'event_id', new.payload ->> 'developer_id', new.payload ->> 'action',
            new.payload ->> 'target_type', new.payload ->> 'target_id')
           is distinct from
           (new.id::text, new.developer_id::text, new.type::text, new.aggregate_type::text,
            new.aggregate_id::text)
      then
        raise check_violation using message = 'an audit event does not fit its row of the outbox';
      end if;
      return new;
    when 'catalog.keys' then
      select developer_id, case when not disabled then json_build_object(
               'key_id', id, 'key_hash', key_hash, 'kind', kind, 'developer_id', developer_id,
               'permissions', permissions,
               'app_ids', case when not all_apps then
                 array(select app_id from api_key_apps where key_id = id order by app_id) end,
               'expires_at', rfc3339(expires_at),
               'telemetry_events_per_second', telemetry_events_per_second, 'cidrs', cidrs::text[],
               'previous_key_hash', previous_hash, 'previous_ends_at', rfc3339(previous_ends_at),
               'quarantined', quarantined_at is not null) end
      into owner, state from api_keys where id = new.record_key::uuid;
    when 'catalog.apps' then
      select developer_id, json_build_object(
               'app_id', id, 'developer_id', developer_id, 'package_id', package_id, 'name', name,
               'status', status, 'updated_at', rfc3339(updated_at),
               'telemetry_events_per_day',
                 allowed_events_per_day(developer_id, telemetry_events_per_day),
               'telemetry_events_per_second', telemetry_events_per_second, 'telemetry_days', telemetry_days)
      into owner, state from apps where id = new.record_key::uuid;
    when 'catalog.restrictions' then
      select coalesce(developer_id, created_by), json_build_object(
               'restriction_id', id, 'developer_id', developer_id, 'app_id', app_id, 'key_id', key_id,
               'event_name', event_name, 'action', action, 'rate', rate,
               'expires_at', rfc3339(expires_at))
      into owner, state from telemetry_restrictions where id = new.record_key::uuid;
    when 'telemetry.erasures' then
      select apps.developer_id, erasures.install_hash, json_build_object(
               'erasure_id', erasures.id, 'developer_id', apps.developer_id, 'app_id', app_id,
               'install_hash', erasures.install_hash, 'requested_at', rfc3339(requested_at),
               'install_id', new.payload ->> 'install_id')
      into owner, install_hash, state
      from telemetry_erasures as erasures join apps on apps.id = app_id
      where erasures.id = new.record_key::uuid;
      if install_hash is null
        or encode(sha256(convert_to(new.payload ->> 'install_id', 'UTF8')), 'hex')
           is distinct from install_hash
      then
        raise check_violation using message = 'an erasure does not fit its row of telemetry_erasures';
      end if;
    else
      raise check_violation using message = format('the outbox has no topic %s', new.topic);
  end case;
  -- Without a row it is gone, which anybody may say of it: it has no state any more.
  if owner <> new.developer_id then
    raise check_violation using message = 'a state in the outbox is of another developer';
  end if;
  new.payload := state;
  return new;
end
$function$;

-- Trigger: puts apps into published_app_terms
CREATE OR REPLACE FUNCTION insert_terms()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  -- In the order of the key: of many apps at once it is a fifth of the time. By its collation: that of what a
  -- function returns is the database's, which sorts half as fast, and perhaps otherwise.
  insert into published_app_terms
  select term, rank, app_no
  from after, app_terms(name, words, published_at, updated_at)
  order by term collate "C", rank, app_no;
  return null;
end
$function$;

-- Tells whether this is the hash of the password of an account
CREATE OR REPLACE FUNCTION is_password(of_developer uuid, presented_hash text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select exists (
    select from developers
    where id = of_developer and password_hash is not distinct from presented_hash and mosis_sees(id))
$function$;
grant execute on function is_password to mosis_api;

-- Trigger: keeps the hash of the secret before a rotation of a key
CREATE OR REPLACE FUNCTION keep_previous_hash()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.previous_hash := old.key_hash;
  return new;
end
$function$;

-- Trigger: keeps the secret before a rotation of a webhook
CREATE OR REPLACE FUNCTION keep_previous_secret()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.previous_secret := old.secret;
  return new;
end
$function$;

-- Finds keys by the hashes of their secrets, current or previous
CREATE OR REPLACE FUNCTION keys_of(presented_hashes text[])
 RETURNS TABLE(key_id uuid, developer_id uuid, hash text, is_previous boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 1
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select id, keys.developer_id, key_hash, false from api_keys as keys
  where key_hash = any (presented_hashes) and mosis_sees(keys.developer_id)
  union all
  select id, keys.developer_id, previous_hash, true from api_keys as keys
  where previous_hash = any (presented_hashes) and mosis_sees(keys.developer_id)
$function$;
grant execute on function keys_of to mosis_api;

-- Key of the bucket of a mailbox: ada+x@mosis.test is that of ada@mosis.test
CREATE OR REPLACE FUNCTION mailbox_bucket(what text, address text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select encode(sha256(convert_to(what || ' ' || regexp_replace(lower(address), '\+[^@]*(?=@[^@]*$)', ''),
                                  'UTF8')), 'hex')
$function$;

-- Tells whether this connection acts for the account: the condition of row-level security
CREATE OR REPLACE FUNCTION mosis_sees(developer_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select case when current_setting('mosis.tenant', true) = '*' then true
              else current_setting('mosis.tenant', true) = developer_id::text end
$function$;

-- Trigger: sets latest_code and latest_name of apps
CREATE OR REPLACE FUNCTION name_latest_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  -- Null without one.
  select version_code, version_name into new.latest_code, new.latest_name
  from app_versions where id = new.latest_version_id;
  return new;
end
$function$;

-- What a name looks like (UTS #39): names that look alike have the same
CREATE OR REPLACE FUNCTION name_skeleton(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
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
$function$;

-- Trigger: draws the position of a row of the outbox in commit order of its developer
CREATE OR REPLACE FUNCTION outbox_take_position()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(hashtextextended(new.developer_id::text, 1));
  new.position := nextval('outbox_position');
  return new;
end
$function$;

-- Tells how the password of an account is hashed: algorithm, cost and salt
CREATE OR REPLACE FUNCTION password_settings(of_developer uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select substring(password_hash from '^.*\$') from developers
  where id = of_developer and mosis_sees(id)
$function$;
grant execute on function password_settings to mosis_api;

-- Brings published_apps up to date with these apps
CREATE OR REPLACE FUNCTION project_apps(ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  delete from published_apps using apps
  where app_id = any(ids) and apps.id = app_id and apps.status <> 'published';

  insert into published_apps as shown (
    app_id, package_id, name, description, category, tags, latest_version_id, rollout_version_id,
    published_at, updated_at, state_hash, folded_name, name_words, words)
  select app_id, package_id, name, description, category, tags, latest_version_id, rollout_version_id,
         published_at, updated_at,
         md5(jsonb_build_array(package_id, name, description, category, tags, latest_version_id,
                               rollout_version_id, published_at, updated_at, rollouts)::text),
         search_name(name), name_words, published_words(name_words, description, category, tags)
  from (
    select id as app_id, package_id, name, description, category, coalesce(tags, '{}') as tags,
           latest_version_id, rollout_version_id,
           coalesce(first_published_at, updated_at) as published_at,
           coalesce(latest_published_at, last_published_at, updated_at) as updated_at,
           published_name_words(name, package_id) as name_words, rollouts
    from apps
    left join lateral (
      select min(published_at) as first_published_at,
             max(published_at) filter (where id = latest_version_id) as latest_published_at,
             max(published_at) as last_published_at,
             jsonb_agg(jsonb_build_array(version_code, rollout_percent, halted_at, yanked_at)
                       order by version_code) as rollouts
      from app_versions where app_id = apps.id and app_versions.status = 'published'
    ) releases on true
    where apps.id = any(ids) and apps.status = 'published'
  ) made
  on conflict (app_id) do update
  set (package_id, name, description, category, tags, latest_version_id, rollout_version_id,
       published_at, updated_at, state_hash, folded_name, name_words, words)
    = (excluded.package_id, excluded.name, excluded.description, excluded.category, excluded.tags,
       excluded.latest_version_id, excluded.rollout_version_id, excluded.published_at, excluded.updated_at,
       excluded.state_hash, excluded.folded_name, excluded.name_words, excluded.words)
  where shown.state_hash <> excluded.state_hash;
end
$function$;

-- Trigger: brings published_apps up to date after changes of versions
CREATE OR REPLACE FUNCTION project_apps_of_changed_versions()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  perform project_apps(array(select distinct app_id from changed where status = 'published'));
  return null;
end
$function$;

-- Trigger: brings published_apps up to date after changes of apps
CREATE OR REPLACE FUNCTION project_changed_apps()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  perform project_apps(array(select id from changed));
  return null;
end
$function$;

-- Lexemes of the name and the package id of an app
CREATE OR REPLACE FUNCTION published_name_words(name text, package_id text)
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select search_words(name || ' ' || regexp_replace(package_id, '^[^.]*\.', ''), true)
$function$;

-- All lexemes that an app is found by
CREATE OR REPLACE FUNCTION published_words(name_words tsvector, description text, category text, tags text[])
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select setweight(name_words, 'A')
      || setweight(search_words(array_to_string(tags, ' '), true), 'B')
      || search_words(coalesce(description, ''), false)
      || array_to_tsvector(array_remove(
           'c:' || search_name(category) || array(select 't:' || search_name(tag) from unnest(tags) tag),
           null))
$function$;

-- Queues a mail within the limits of its mailbox: the only way into mails
CREATE OR REPLACE FUNCTION queue_mail(mail_id uuid, developer uuid, mail_kind text, address text, request text, about text[])
 RETURNS TABLE(queued boolean, wait_seconds integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  -- To one mailbox, and by one developer.
  asked_burst constant integer := 4;
  asked_every constant interval := '20 minutes';
  notice_burst constant integer := 10;
  notice_every constant interval := '6 minutes';
  subjects_max constant integer := 100;
  is_asked constant boolean := mail_kind in ('email_verification', 'email_change', 'password_reset');
  wait integer := 0;
  bucket text;
  token record;
begin
  if mosis_sees(developer) is not true then
    raise insufficient_privilege using message = 'permission denied: mails are queued for the own developer';
  end if;
  if is_asked then
    -- In one order, so that no two transactions wait for each other.
    for bucket in
      select asked.key from (values (mailbox_bucket('mail', address)),
                                    (mailbox_bucket('mail-by', developer::text))) as asked (key)
      where asked.key is not null order by asked.key
    loop
      select * into token from take_token(bucket, asked_burst, asked_every);
      if not token.taken then
        return query select false, token.wait_seconds;
        return;
      end if;
    end loop;
  else
    if not exists (select from developers where id = developer and email = address and verified) then
      return query select false, 0;
      return;
    end if;
    update mails set subjects = (subjects || about::varchar[])[1:subjects_max]
    where id = (select id from mails
                where developer_id = developer and kind = mail_kind and recipient = address and attempts = 0
                order by created_at limit 1 for update skip locked);
    if found then
      return query select true, 0;
      return;
    end if;
    select * into token from take_token(mailbox_bucket('notice', address), notice_burst, notice_every);
    if not token.taken then wait := token.wait_seconds; end if;
  end if;
  insert into mails (id, developer_id, kind, recipient, request_id, subjects, due_at)
  values (mail_id, developer, mail_kind, address, request, about[1:subjects_max],
          now() + make_interval(secs => wait));
  return query select true, wait;
end
$function$;
grant execute on function queue_mail to mosis_api;

-- A time as it is in answers: RFC 3339, UTC, milliseconds
CREATE OR REPLACE FUNCTION rfc3339(at timestamptz)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$function$;

-- A text as search compares it: without differences of form, case and accents
CREATE OR REPLACE FUNCTION search_fold(value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when octet_length(value) = length(value) then lower(value collate "C")
    else normalize(
      translate(
        replace(replace(replace(
          casefold(
            regexp_replace(
              normalize(translate(value, '´™℠®©', ''''), nfkd),
              '[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f' ||
              '\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7' ||
              '\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed' ||
              '\u08ca-\u08e1\u08e3-\u08ff' ||
              -- What is not seen, and colours of skin.
              '\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f' ||
              '\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3' ||
              '\U0001d173-\U0001d17a\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]', '', 'g')
            collate pg_catalog.pg_unicode_fast),
          'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
        'ƀɓƃƈɖɗƌđðɛəƒɠǥħɨɩıɉƙłƚɫɲŋøɔɵƥɍŧƭʈʉʋɏƴƶىیےکةہھٱ‘’‛ʹʻʼʽ′׳‐‒–—―−“”„‟«»״' ||
        '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙໐໑໒໓໔໕໖໗໘໙၀၁၂၃၄၅၆၇၈၉០១២៣៤៥៦៧៨៩',
        'bbbcdddddeefgghiiijklllnnoooprtttuvyyzيييكههها' ||
        repeat('''', 9) || repeat('-', 6) || repeat('"', 7) || repeat('0123456789', 8)),
      nfc) collate "C"
  end
$function$;

-- A name, category or tag as search compares it: folded, with single spaces between words
CREATE OR REPLACE FUNCTION search_name(value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select coalesce(nullif(btrim(regexp_replace(search_fold(value), '\s+', ' ', 'g')), ''), lower(value))
    collate "C"
$function$;

-- Lexemes of the scripts without spaces in a text that search_text has read
CREATE OR REPLACE FUNCTION search_pairs(read text, singles boolean)
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select coalesce(string_agg(part || ':' || least(place, 16383), ' '), '')::tsvector
  from (select sign, row_number() over (order by run, at) as place,
               lag(sign) over (partition by run order by at) is not null as has_before,
               lead(sign) over (partition by run order by at) as next
        from regexp_matches(read, '[' || unspaced_scripts() || ']+', 'g') with ordinality runs (found, run),
             string_to_table(found[1], null) with ordinality signs (sign, at)) signs,
       (values (true), (false)) kinds (is_pair),
       lateral (select case when is_pair then sign || next
                            when singles or not has_before and next is null then sign end as part) parts
  where part is not null
$function$;

-- A text, folded, with spaces between its words and its parts in scripts without spaces
CREATE OR REPLACE FUNCTION search_text(value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when octet_length(value) = length(value)
    then translate(search_fold(value), '&+-./:<@_~', '          ')
    else regexp_replace(translate(search_fold(value), '&+-./:<@_~', '          '),
                        '[' || unspaced_scripts() || ']+', ' \& ', 'g') end
$function$;

-- All lexemes of a text in their order, those that are indexed and those that are asked for
CREATE OR REPLACE FUNCTION search_words(value text, singles boolean)
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when octet_length(value) = length(value) then to_tsvector('english', search_text(value))
    else (select to_tsvector('english', regexp_replace(read, '[' || unspaced_scripts() || ']+', ' ', 'g'))
                 || search_pairs(read, singles)
          from (select search_text(value) as read) one) end
$function$;

-- Finds a session by the hash of its token
CREATE OR REPLACE FUNCTION session_id_of(presented_hash text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select id from sessions where token_hash = presented_hash and mosis_sees(developer_id)
$function$;
grant execute on function session_id_of to mosis_api;

-- What the store answers about an app
CREATE OR REPLACE FUNCTION store_answer(app published_apps)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select json_build_object(
    'package_id', app.package_id, 'name', app.name, 'description', app.description,
    'category', app.category, 'tags', to_json(app.tags),
    'published_at', rfc3339(app.published_at), 'updated_at', rfc3339(app.updated_at),
    'latest_version', (
      select json_build_object(
        'version_code', version_code, 'version_name', version_name, 'package_url', package_url,
        'package_size', package_size, 'package_digest', package_digest, 'signature', signature,
        'signing_key', signing_key, 'public_key', public_key, 'permissions', permissions,
        'min_mosis_version', min_mosis_version, 'release_notes', release_notes,
        'published_at', rfc3339(published_at))
      from published_versions where id = app.latest_version_id))::text
$function$;

-- Takes one token of a bucket in throttles, or tells how long to wait
CREATE OR REPLACE FUNCTION take_token(bucket text, burst integer, step interval)
 RETURNS TABLE(taken boolean, wait_seconds integer)
 LANGUAGE sql
AS $function$
  insert into throttles (key, full_at) values (bucket, now() + step)
  on conflict (key) do update
    set full_at = case when greatest(throttles.full_at, now()) + step <= now() + step * burst
                       then greatest(throttles.full_at, now()) + step else throttles.full_at end
  returning old.full_at is distinct from new.full_at,
            ceil(extract(epoch from new.full_at + step - (now() + step * burst)))::int
$function$;

-- Inside of a character class: scripts in which search looks for parts of words, and emoji
CREATE OR REPLACE FUNCTION unspaced_scripts()
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select '\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecf\u0edc-\u0edf\u1000-\u103f\u1050-\u109f\u1100-\u11ff' ||
         '\u1780-\u17d3\u1950-\u19cf\u1a20-\u1aad\u1b00-\u1b4f\u2600-\u27bf\u2b00-\u2bff\u3005-\u3007' ||
         '\u3021-\u3029\u3031-\u3035\u3038-\u303b\u3041-\u30fa\u30fc-\u312f\u3131-\u318e\u31a0-\u31bf' ||
         '\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\ua960-\ua9c0\ua9e0-\ua9ef\ua9fa-\ua9fe' ||
         '\uaa60-\uaa7f\uac00-\ud7ff\U0001b000-\U0001b16f\U0001f000-\U0001faff\U00020000-\U000323af'
$function$;

-- Trigger: brings published_app_terms up to date
CREATE OR REPLACE FUNCTION update_terms()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  -- By the whole key: that finds the row, and not all apps of the term.
  delete from published_app_terms gone using (
    select term, rank, app_no from before, app_terms(name, words, published_at, updated_at)
    except
    select term, rank, app_no from after, app_terms(name, words, published_at, updated_at)
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  insert into published_app_terms
  select term, rank, app_no from after, app_terms(name, words, published_at, updated_at)
  except
  select term, rank, app_no from before, app_terms(name, words, published_at, updated_at);
  return null;
end
$function$;

-- Uses a token of a mail up, and tells its account, purpose and address
CREATE OR REPLACE FUNCTION use_account_token(presented_hash text, purposes text[])
 RETURNS TABLE(developer_id uuid, purpose text, email text)
 LANGUAGE sql
 SECURITY DEFINER ROWS 1
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  delete from account_tokens as tokens
  where token_hash = presented_hash and tokens.purpose = any (purposes) and expires_at > now()
    and mosis_sees(tokens.developer_id)
  returning tokens.developer_id, tokens.purpose, tokens.email
$function$;
grant execute on function use_account_token to mosis_api;

-- Uses a sign-in at a provider up, and tells the page to go back to
CREATE OR REPLACE FUNCTION use_oauth_flow(presented_hash text, of_provider text, of_developer uuid)
 RETURNS TABLE(redirect_uri text)
 LANGUAGE sql
 SECURITY DEFINER ROWS 1
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  delete from oauth_flows as flows
  where token_hash = presented_hash and provider = of_provider and expires_at > now()
    and developer_id is not distinct from of_developer and mosis_sees(developer_id)
  returning flows.redirect_uri
$function$;
grant execute on function use_oauth_flow to mosis_api;

-- Hash of the password and provider of an account, which differs as soon as one of them does
CREATE OR REPLACE FUNCTION ways_in(of_developer uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select encode(sha256(convert_to(jsonb_build_array(password_hash, oauth_provider, oauth_id)::text, 'UTF8')),
                'hex')
  from developers where id = of_developer and mosis_sees(id)
$function$;
grant execute on function ways_in to mosis_api;

-- Words of the name and tags of an app
CREATE OR REPLACE FUNCTION words_of_app(name text, tags text[])
 RETURNS SETOF text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select word
  from unnest(tsvector_to_array(to_tsvector(
    'simple', search_text(name || ' ' || array_to_string(tags, ' '))))) word
  where length(word) between 3 and 50
    and word !~ '^[0-9]+$' and word !~ ('[' || unspaced_scripts() || ']')
$function$;
