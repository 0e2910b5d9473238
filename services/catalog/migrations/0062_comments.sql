-- Up Migration
-- Said where psql and tools for databases show it. A new table, view, column or function says it in its own
-- migration: the test of migrations looks. Each comment takes a lock that lets reads and writes go on.

comment on table schema_migrations is 'Migrations that were applied, in their order';
comment on column schema_migrations.id is 'Place in the order';
comment on column schema_migrations.name is 'Name of the file without its end';
comment on column schema_migrations.run_on is
  'When it was applied, by the clock of the server without its zone';

comment on table developers is 'Accounts: everybody who signs in, reviewers and admins among them';
comment on column developers.id is 'Id of the account, the tenant of all that belongs to it';
comment on column developers.email is
  'Address in one form: the domain as A-label, the rest in NFC. Unique in any case';
comment on column developers.name is 'Name, as the developer writes it';
comment on column developers.password_hash is
  'Argon2id hash of the password with its settings; null without a password. The api writes it and '
  'never reads it';
comment on column developers.oauth_provider is
  'Name of the provider that the account is linked to; null without one';
comment on column developers.oauth_id is 'The subject that this provider knows the account by';
comment on column developers.verified is 'Whether the owner has proved to read mails at the address';
comment on column developers.created_at is 'When the account was registered';
comment on column developers.updated_at is 'When the account was changed last';
comment on column developers.role is 'developer, reviewer or admin. Only the command of an operator sets it';

comment on table api_keys is 'Keys of programs: ingest keys ship inside apps, management keys are secret';
comment on column api_keys.id is 'Id of the key; it stays when the secret is rotated';
comment on column api_keys.developer_id is 'Account that the key acts for';
comment on column api_keys.name is 'Name, as the developer writes it';
comment on column api_keys.key_hash is
  'SHA-256 of the secret, hex. The secret is told once and stored nowhere';
comment on column api_keys.key_prefix is 'Beginning of the secret, by which people recognise it';
comment on column api_keys.permissions is 'What the key may do, as a list of names';
comment on column api_keys.last_used_at is 'When it was used last, up to five minutes late; null: never';
comment on column api_keys.expires_at is 'From when on it does not work; null: it does not end by itself';
comment on column api_keys.created_at is 'When it was made';
comment on column api_keys.kind is 'management or ingest';
comment on column api_keys.all_apps is
  'Whether it serves every app of the account; otherwise those of api_key_apps';
comment on column api_keys.telemetry_events_per_second is
  'Events a second that it may send; null: only the limits of the app hold';
comment on column api_keys.cidrs is 'Ranges of addresses that it works from; none: from everywhere';
comment on column api_keys.disabled is 'Whether its owner, or the key that made it, has switched it off';
comment on column api_keys.leaked_at is 'When its secret was reported as public; null once it is rotated';
comment on column api_keys.previous_hash is
  'SHA-256 of the secret before the last rotation, hex, which works until previous_ends_at';
comment on column api_keys.previous_ends_at is 'When the previous secret stops working; null without one';
comment on column api_keys.quarantined_at is
  'Since when it waits for its owner to confirm it; null: it does not wait';
comment on column api_keys.created_by_key_id is
  'The key that made it, with which it is disabled and deleted; null: a session made it';
comment on column api_keys.created_by_session_id is
  'The session that made or adopted it, which may have ended';
comment on column api_keys.disabled_by_key_id is
  'The key whose disabling has disabled this one; null: it was disabled by itself';

comment on table api_key_apps is 'Apps that a key serves, of keys that do not serve all';
comment on column api_key_apps.key_id is 'The key';
comment on column api_key_apps.app_id is 'The app';

comment on table apps is 'Apps of developers, drafts included';
comment on column apps.id is 'Id of the app, which its telemetry has';
comment on column apps.developer_id is 'Account that the app belongs to';
comment on column apps.package_id is
  'Reverse domain name that devices know the app by; unique, and never used again once published';
comment on column apps.name is 'Name; of a published app, as a reviewer has approved it';
comment on column apps.description is 'Description in the store';
comment on column apps.category is 'Category; of a published app, as a reviewer has approved it';
comment on column apps.tags is 'Tags, to be found by';
comment on column apps.status is 'draft, published or suspended';
comment on column apps.created_at is 'When it was made';
comment on column apps.updated_at is 'When it was changed last';
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

comment on table app_versions is 'Versions of apps: packages that developers sign and reviewers approve';
comment on column app_versions.id is 'Id of the version';
comment on column app_versions.app_id is 'App of the version';
comment on column app_versions.version_code is 'Number that orders the versions of an app';
comment on column app_versions.version_name is 'Version as people read it';
comment on column app_versions.package_url is 'Where devices fetch the package';
comment on column app_versions.package_size is 'Bytes of the package';
comment on column app_versions.signature is 'Signature over package_digest, base64';
comment on column app_versions.permissions is 'What the app asks of the device, as a list of names';
comment on column app_versions.min_mosis_version is 'Oldest Mosis that it runs on; null: any';
comment on column app_versions.release_notes is 'What is new in it, for users';
comment on column app_versions.status is
  'draft, review, approved, published or rejected; halted and yanked ones stay published';
comment on column app_versions.review_notes is 'What the last reviewer has written to the developer';
comment on column app_versions.published_at is 'When it was published; null before';
comment on column app_versions.created_at is 'When it was made';
comment on column app_versions.developer_id is 'Account that its app belongs to';
comment on column app_versions.package_digest is 'SHA-256 of the package, hex: what the signature is over';
comment on column app_versions.signing_key_id is 'Key that has signed it; null once the key is gone';
comment on column app_versions.submitted_at is 'When it was submitted for review the last time';
comment on column app_versions.rollout_percent is
  'Percent of installs that get it once it is published; 100: all';
comment on column app_versions.halted_at is 'When its rollout was halted; null: it was not';
comment on column app_versions.halt_reason is 'Why its rollout was halted';
comment on column app_versions.yanked_at is 'When it was taken back from devices for good; null: it was not';
comment on column app_versions.yank_reason is 'Why it was taken back';
comment on column app_versions.updated_at is 'When it was changed last';

comment on table signing_keys is 'Public keys that developers sign packages with';
comment on column signing_keys.id is 'Id of the key';
comment on column signing_keys.developer_id is 'Account that has proved to hold the private half';
comment on column signing_keys.name is 'Name, as the developer writes it';
comment on column signing_keys.public_key is 'Public key, PEM';
comment on column signing_keys.fingerprint is 'SHA-256 of the public key, hex';
comment on column signing_keys.is_active is 'Whether versions may be signed with it';
comment on column signing_keys.created_at is 'When it was registered';
comment on column signing_keys.algorithm is 'ed25519, ecdsa_p256 or rsa, read from the key';
comment on column signing_keys.revoked_at is
  'When it was revoked; null: it was not. A revoked key does not come back';
comment on column signing_keys.revoke_reason is 'Why it was revoked';

comment on table sessions is 'Sign-ins of developers that have not ended';
comment on column sessions.id is 'Id of the session';
comment on column sessions.developer_id is 'Account that has signed in';
comment on column sessions.token_hash is
  'SHA-256 of the token, hex. The token is told once and stored nowhere';
comment on column sessions.created_at is 'When it began';
comment on column sessions.expires_at is 'When it ends at the latest';
comment on column sessions.last_used_at is 'When its last request came';
comment on column sessions.idle_minutes is 'Minutes without a request after which it ends';
comment on column sessions.user_agent is 'What the client says it is; null: it says nothing';
comment on column sessions.address is
  'Address that it was begun from; null for sessions from before this was noted';
comment on column sessions.last_address is 'Address of its last request';
comment on column sessions.reauthenticated_at is
  'When its developer has last proved in it who they are; null: not since it began';
comment on column sessions.second_factor is
  'totp, passkey or recovery_code: what proved it beside a password or provider; null: nothing';
comment on column sessions.second_factor_at is 'When the second factor was proved';

comment on table outbox is
  'What the relay has to publish to Kafka, written with the change that it tells of and deleted once '
  'published';
comment on column outbox.position is 'Place in the order: commit order within a developer';
comment on column outbox.id is 'UUIDv7, the id of the event';
comment on column outbox.aggregate_type is 'Kind of what has changed';
comment on column outbox.aggregate_id is 'Id of what has changed';
comment on column outbox.type is 'What has happened';
comment on column outbox.payload is 'Body of the record, as it is published; null: what it was about is gone';
comment on column outbox.created_at is 'When it was written';
comment on column outbox.developer_id is 'Account that it is about';
comment on column outbox.topic is 'Topic of Kafka that it goes to';
comment on column outbox.record_key is 'Key of its record';
comment on column outbox.transaction_id is 'Transaction that wrote it, for connectors that order by it';

comment on table outbox_quarantine is
  'Rows of the outbox that Kafka has refused, kept as they were until an operator decides';
comment on column outbox_quarantine.position is 'Place that the row had in the outbox';
comment on column outbox_quarantine.id is 'UUIDv7, the id of the event';
comment on column outbox_quarantine.aggregate_type is 'Kind of what has changed';
comment on column outbox_quarantine.aggregate_id is 'Id of what has changed';
comment on column outbox_quarantine.type is 'What has happened';
comment on column outbox_quarantine.payload is 'Body of the record; null: what it was about is gone';
comment on column outbox_quarantine.created_at is 'When it was written';
comment on column outbox_quarantine.developer_id is 'Account that it is about';
comment on column outbox_quarantine.topic is 'Topic of Kafka that refused it';
comment on column outbox_quarantine.record_key is 'Key of its record';
comment on column outbox_quarantine.transaction_id is 'Transaction that wrote it';
comment on column outbox_quarantine.reason is 'What Kafka answered';
comment on column outbox_quarantine.quarantined_at is 'When it was put here';

comment on table telemetry_restrictions is 'What ingest drops, samples or sets aside';
comment on column telemetry_restrictions.id is 'Id of the restriction';
comment on column telemetry_restrictions.developer_id is
  'Account whose apps it holds for; null: everybody''s, which only an admin restricts';
comment on column telemetry_restrictions.app_id is 'Events of this app; null: of any';
comment on column telemetry_restrictions.key_id is 'Events that come with this key; null: with any';
comment on column telemetry_restrictions.event_name is 'Events of this name; null: of any';
comment on column telemetry_restrictions.action is 'drop, sample or quarantine';
comment on column telemetry_restrictions.rate is
  'Part of the sessions that a sample keeps, 0 to 1; null for other actions';
comment on column telemetry_restrictions.reason is 'Why, told with each event that it concerns';
comment on column telemetry_restrictions.created_by is 'Account that has made it';
comment on column telemetry_restrictions.created_at is 'When it was made';
comment on column telemetry_restrictions.expires_at is 'When it ends by itself; null: it does not';

comment on table telemetry_erasures is 'Installs whose events were asked to be erased';
comment on column telemetry_erasures.id is 'Id of the erasure';
comment on column telemetry_erasures.app_id is 'App whose events of the install are erased';
comment on column telemetry_erasures.install_hash is
  'SHA-256 of the install id, hex. The id itself is stored nowhere';
comment on column telemetry_erasures.requested_at is 'When it was asked for';

comment on table mails is 'Mails on their way; a row is deleted when its mail has left';
comment on column mails.id is 'Id of the mail';
comment on column mails.developer_id is
  'Account that it is about; null: whoever has the address, if anybody has';
comment on column mails.kind is 'What the mail tells';
comment on column mails.recipient is 'Address that it goes to';
comment on column mails.request_id is 'Request that has caused it';
comment on column mails.attempts is 'How often it was tried to send it';
comment on column mails.due_at is
  'When it is tried next; the sender that takes it moves this into the future';
comment on column mails.created_at is 'When it was queued';
comment on column mails.subjects is
  'What it lists: beginnings of secrets, ids. Never what somebody has typed';

comment on table account_tokens is 'Tokens that a mail brings, which prove that its reader has the address';
comment on column account_tokens.token_hash is 'SHA-256 of the token, hex. The token is in the mail only';
comment on column account_tokens.developer_id is 'Account that it was made for';
comment on column account_tokens.purpose is 'email_verification, email_change or password_reset';
comment on column account_tokens.email is 'Address that its reader proves to have';
comment on column account_tokens.created_at is 'When it was made';
comment on column account_tokens.expires_at is 'When it stops working';

comment on table throttles is
  'Buckets of what may be tried only so often, over all processes. Unlogged: a crash fills them';
comment on column throttles.key is 'SHA-256 of what is tried and with which address, hex';
comment on column throttles.full_at is 'When the bucket is full again, which says its level';

comment on table oauth_flows is 'Sign-ins that are at a provider, to come back from it';
comment on column oauth_flows.token_hash is 'SHA-256 of the token that the browser has, hex';
comment on column oauth_flows.provider is 'Name of the provider';
comment on column oauth_flows.redirect_uri is 'Page that the provider sends the browser back to';
comment on column oauth_flows.developer_id is 'Account that is to be linked; null for signing in';
comment on column oauth_flows.expires_at is 'When it is too late to come back';

comment on table retired_package_ids is
  'Package ids of deleted apps that had been published, which no app gets again';
comment on column retired_package_ids.package_id is 'The package id';
comment on column retired_package_ids.retired_at is 'When its app was deleted';

comment on table reviews is 'Submissions of versions, one row each, with what became of them';
comment on column reviews.id is 'Id of the review';
comment on column reviews.version_id is 'Version that was submitted; null once it is deleted';
comment on column reviews.app_id is 'App of the version';
comment on column reviews.developer_id is 'Account that has submitted it';
comment on column reviews.state is 'waiting, approved, rejected, withdrawn or superseded';
comment on column reviews.submitted_at is 'When it was submitted';
comment on column reviews.ended_at is 'When it stopped waiting; null while it waits';
comment on column reviews.claimed_by is 'Reviewer who has it until claimed_until; null: nobody';
comment on column reviews.claimed_until is 'When the claim ends by itself';
comment on column reviews.decided_by is 'Reviewer who has decided; null without a decision';
comment on column reviews.codes is 'Reasons of a rejection, from a closed list';
comment on column reviews.notes is 'What the reviewer has written to the developer';
comment on column reviews.checks is
  'What was checked by itself: as at the submission, and from the end on as it was then';

comment on table review_events is 'Steps of reviews, for their developers';
comment on column review_events.id is 'Order of the steps';
comment on column review_events.review_id is 'The review';
comment on column review_events.developer_id is 'Account that has submitted it';
comment on column review_events.event is 'What was done';
comment on column review_events.by_part is
  'developer, reviewer or platform: developers are not told who reviews';
comment on column review_events.at is 'When';

comment on view review_queue is 'Reviews that wait, everybody''s, without what is in them';
comment on column review_queue.id is 'Id of the review';
comment on column review_queue.app_id is 'App of the version';
comment on column review_queue.developer_id is 'Account that has submitted it';
comment on column review_queue.submitted_at is 'When it was submitted, which is its place in the queue';
comment on column review_queue.claimed_by is 'Reviewer who has it until claimed_until; null: nobody';
comment on column review_queue.claimed_until is 'When the claim ends by itself';

comment on view review_waits is 'How long decided reviews took, everybody''s';
comment on column review_waits.ended_at is 'When it was decided';
comment on column review_waits.waited is 'From the submission to the decision';

comment on view published_app_names is 'Names of published apps, everybody''s, to compare a new one with';
comment on column published_app_names.developer_id is 'Account that the app belongs to';
comment on column published_app_names.package_id is 'Package id of the app';
comment on column published_app_names.name is 'Name of the app';
comment on column published_app_names.skeleton is 'What the name looks like; see name_skeleton';

comment on table published_apps is
  'What the store shows of published apps; triggers keep it as apps and app_versions are';
comment on column published_apps.app_id is 'Id of the app';
comment on column published_apps.app_no is
  'Number of the app in published_app_terms, four bytes instead of sixteen';
comment on column published_apps.package_id is 'Package id';
comment on column published_apps.name is 'Name';
comment on column published_apps.description is 'Description';
comment on column published_apps.category is 'Category';
comment on column published_apps.tags is 'Tags';
comment on column published_apps.latest_version_id is
  'Newest version that all installs get; null without one';
comment on column published_apps.rollout_version_id is 'Version that some installs get; null without one';
comment on column published_apps.published_at is 'When the app came into the store';
comment on column published_apps.updated_at is 'When its latest version did';
comment on column published_apps.state_hash is
  'Hash of all that the store answers about it, rollouts included: the same hash, the same answer';
comment on column published_apps.name_words is 'Lexemes of name and package id';
comment on column published_apps.words is
  'All lexemes: A of the name, B of tags, D of the description, and the filters c: for the category, t: '
  'for tags';

comment on view published_versions is
  'Versions that devices know or may get, with the key to check their signature';
comment on column published_versions.id is 'Id of the version';
comment on column published_versions.app_id is 'App of the version';
comment on column published_versions.version_code is 'Number that orders the versions of an app';
comment on column published_versions.version_name is 'Version as people read it';
comment on column published_versions.package_url is 'Where devices fetch the package';
comment on column published_versions.package_size is 'Bytes of the package';
comment on column published_versions.package_digest is 'SHA-256 of the package, hex';
comment on column published_versions.signature is 'Signature over package_digest, base64';
comment on column published_versions.signing_key is 'Fingerprint of the key that has signed it';
comment on column published_versions.public_key is 'That key, PEM';
comment on column published_versions.permissions is 'What the app asks of the device';
comment on column published_versions.min_mosis_version is 'Oldest Mosis that it runs on; null: any';
comment on column published_versions.release_notes is 'What is new in it, for users';
comment on column published_versions.rollout_percent is 'Percent of installs that get it';
comment on column published_versions.halted_at is 'When its rollout was halted; null: it was not';
comment on column published_versions.yanked_at is 'When it was taken back from devices; null: it was not';
comment on column published_versions.published_at is 'When it was published';

comment on table published_app_terms is
  'Published apps by term, the best first: what search and lists of the store read';
comment on column published_app_terms.term is
  'w: and a lexeme; u: and n: for lists by update and by age, followed by c: a category or t: a tag for '
  'filtered ones';
comment on column published_app_terms.rank is
  'How well the app fits a lexeme; in lists seconds since 2020. The greatest comes first';
comment on column published_app_terms.app_no is 'Number of the app in published_apps';

comment on table published_words is
  'Words of names and tags in the store, to find the one that is meant by a misspelt one';
comment on column published_words.word is 'The word, as it is written, in lower case';

comment on table published_app_answers is 'What the store answers about a published app, ready to be sent';
comment on column published_app_answers.app_id is 'Id of the app';
comment on column published_app_answers.package_id is 'Package id of the app';
comment on column published_app_answers.state_hash is 'That of published_apps which the answer was made of';
comment on column published_app_answers.answer is 'Body of the answer, JSON';

comment on table webhooks is 'Where developers want to be told of what happens';
comment on column webhooks.id is 'Id of the webhook';
comment on column webhooks.developer_id is 'Account that it belongs to';
comment on column webhooks.url is 'Where events are sent to';
comment on column webhooks.host is 'Host of the url, lower case';
comment on column webhooks.event_types is
  'What it is told of: actions, version.* for all of a resource, * for everything';
comment on column webhooks.description is 'What it is for, as the developer writes it';
comment on column webhooks.secret is
  'Encrypted secret that signs; the key is in the configuration of the processes';
comment on column webhooks.previous_secret is
  'Encrypted secret before the last rotation, which signs too until previous_secret_until';
comment on column webhooks.previous_secret_until is
  'When the previous secret stops signing; null without one';
comment on column webhooks.disabled_at is 'Since when nothing is sent; null: it is on';
comment on column webhooks.disabled_reason is 'by_developer, gone or failing';
comment on column webhooks.failing_since is
  'When the first attempt failed of those since the last success; null: the last one succeeded';
comment on column webhooks.created_at is 'When it was made';
comment on column webhooks.updated_at is 'When it was changed last';
comment on column webhooks.quarantined_at is
  'Since when it waits for its owner to confirm it; null: it does not wait';

comment on table webhook_deliveries is 'Events on their way to webhooks, and what became of them';
comment on column webhook_deliveries.id is 'Id of the delivery';
comment on column webhook_deliveries.developer_id is 'Account that the webhook belongs to';
comment on column webhook_deliveries.webhook_id is 'The webhook';
comment on column webhook_deliveries.event_id is
  'Id of the audit event, which the receiver gets as webhook-id';
comment on column webhook_deliveries.type is 'Action of the event';
comment on column webhook_deliveries.event is 'The audit event, as it was published';
comment on column webhook_deliveries.status is 'pending, succeeded or failed';
comment on column webhook_deliveries.attempts is 'Attempts that were begun';
comment on column webhook_deliveries.next_attempt_at is
  'When the next attempt may begin; null once it has ended';
comment on column webhook_deliveries.last_attempt_at is 'When the last attempt began; null: none yet';
comment on column webhook_deliveries.response_status is 'HTTP status of the last answer; null without one';
comment on column webhook_deliveries.duration_ms is 'Milliseconds that the last attempt took';
comment on column webhook_deliveries.error is 'Why the last attempt failed; null: it did not';
comment on column webhook_deliveries.created_at is 'When the delivery was made';

comment on table idempotency_keys is 'Answers to changes that came with an Idempotency-Key, for 24 hours';
comment on column idempotency_keys.developer_id is 'Account that has sent it';
comment on column idempotency_keys.actor_id is 'Session or key that has sent it';
comment on column idempotency_keys.key_hash is
  'SHA-256 of the Idempotency-Key, which is half of what decrypts the answer';
comment on column idempotency_keys.request_hash is 'SHA-256 of method, path and body';
comment on column idempotency_keys.answer is 'Encrypted answer; null while the change runs';
comment on column idempotency_keys.created_at is 'When the request came';

comment on table known_devices is
  'Devices that developers have signed in with; one that is new is told by mail';
comment on column known_devices.developer_id is 'Account that has signed in';
comment on column known_devices.device is
  'SHA-256 of the account, the network and the name of the client, hex';
comment on column known_devices.last_seen_at is 'When it was used last to sign in';
comment on column known_devices.noticed_at is 'When a mail told of it; null: none did';

comment on table totps is
  'Secrets of authenticator apps: one that counts, and one that waits for its first code';
comment on column totps.id is 'Id of the factor';
comment on column totps.developer_id is 'Account that it belongs to';
comment on column totps.secret is 'Encrypted secret that codes are computed from';
comment on column totps.created_at is 'When it was made';
comment on column totps.confirmed_at is 'When its first code was right; null: it waits for that';
comment on column totps.last_step is
  'The 30 seconds of the last code that was taken, counted from 1970: a code is taken once';

comment on table recovery_codes is 'Codes that each stand once for a second factor; a used one is deleted';
comment on column recovery_codes.developer_id is 'Account that they belong to';
comment on column recovery_codes.code_hash is 'SHA-256 of the account and the code, hex';
comment on column recovery_codes.created_at is 'When it was made';

comment on table passkeys is 'Passkeys: credentials of WebAuthn';
comment on column passkeys.id is 'Id of the passkey';
comment on column passkeys.developer_id is 'Account that it signs in to';
comment on column passkeys.credential_id is 'Id that the authenticator has chosen, base64url';
comment on column passkeys.public_key is 'Public key, COSE';
comment on column passkeys.sign_count is
  'Greatest count that was seen; 0 of authenticators that do not count';
comment on column passkeys.transports is 'How the authenticator can be reached, as it says';
comment on column passkeys.backed_up is 'Whether it is copied to other devices, as the authenticator says';
comment on column passkeys.name is 'Name, as the developer writes it';
comment on column passkeys.created_at is 'When it was registered';
comment on column passkeys.last_used_at is 'When it was used last; null: never';

comment on table passkey_challenges is 'Challenges of passkeys that are being registered';
comment on column passkey_challenges.challenge_hash is 'SHA-256 of the challenge, hex';
comment on column passkey_challenges.session_id is 'Session that registers';
comment on column passkey_challenges.developer_id is 'Account that registers';
comment on column passkey_challenges.expires_at is 'When it is too late to answer';

comment on table sign_ins is 'Sign-ins that wait for a second factor or a passkey';
comment on column sign_ins.token_hash is 'SHA-256 of the token that the client has, hex';
comment on column sign_ins.developer_id is
  'Account whose password was right; null: the account of the passkey that answers';
comment on column sign_ins.ways_in is
  'SHA-256 of the password hash and the provider when the first factor was right, hex';
comment on column sign_ins.challenge_hash is 'SHA-256 of the challenge for a passkey, hex, until it is used';
comment on column sign_ins.challenge_expires_at is 'When it is too late to answer the challenge';
comment on column sign_ins.attempts_left is 'Wrong answers that are still allowed';
comment on column sign_ins.created_at is 'When it began';
comment on column sign_ins.expires_at is 'When it ends';

comment on table state_publications is
  'When the relay has last published all apps, keys and restrictions again; one row at most';
comment on column state_publications.is_only_row is 'Keeps a second row away';
comment on column state_publications.signing_key is 'Id of the key that signed them';
comment on column state_publications.completed_at is 'When that was done';

comment on table app_listings is
  'Names and categories that developers propose for apps that a reviewer has approved';
comment on column app_listings.id is 'Id of the listing';
comment on column app_listings.app_id is 'App that it is for';
comment on column app_listings.developer_id is 'Account that has proposed it';
comment on column app_listings.name is 'Name that is proposed';
comment on column app_listings.category is 'Category that is proposed; null for none';
comment on column app_listings.state is 'waiting, approved, rejected, withdrawn or superseded';
comment on column app_listings.submitted_at is 'When it was proposed';
comment on column app_listings.ended_at is 'When it stopped waiting; null while it waits';
comment on column app_listings.decided_by is 'Reviewer who has decided; null without a decision';
comment on column app_listings.codes is 'Reasons of a rejection, from a closed list';
comment on column app_listings.notes is 'What the reviewer has written to the developer';
comment on column app_listings.checks is
  'What was checked by itself: as when it was proposed, and from the end on as it was then';

comment on function account_token_of(text) is
  'Finds the account, purpose and address of a token that still works, by its hash';
comment on function add_words() is 'Trigger: adds the words of apps that the store shows to published_words';
comment on function allowed_events_per_day(uuid, bigint) is
  'Events a day that an app of an account may send: few while its address is not confirmed';
comment on function answer_for_apps() is 'Trigger: makes the rows of published_app_answers';
comment on function apps_retire_package_id() is
  'Trigger: keeps the package id of a deleted app from others, once it was published';
comment on function delete_terms() is 'Trigger: takes apps out of published_app_terms';
comment on function developer_of(text) is 'Finds the account of an address in any case';
comment on function fill_outbox_row() is
  'Trigger: makes the payload of a state from its table, and refuses what does not fit its row';
comment on function insert_terms() is 'Trigger: puts apps into published_app_terms';
comment on function is_password(uuid, text) is 'Tells whether this is the hash of the password of an account';
comment on function keep_previous_hash() is
  'Trigger: keeps the hash of the secret before a rotation of a key';
comment on function keep_previous_secret() is 'Trigger: keeps the secret before a rotation of a webhook';
comment on function keys_of(text[]) is 'Finds keys by the hashes of their secrets, current or previous';
comment on function mailbox_bucket(text, text) is
  'Key of the bucket of a mailbox: ada+x@mosis.test is that of ada@mosis.test';
comment on function mosis_sees(uuid) is
  'Tells whether this connection acts for the account: the condition of row-level security';
comment on function name_latest_version() is 'Trigger: sets latest_code and latest_name of apps';
comment on function name_skeleton(text) is
  'What a name looks like (UTS #39): names that look alike have the same';
comment on function outbox_take_position() is
  'Trigger: draws the position of a row of the outbox in commit order of its developer';
comment on function password_settings(uuid) is
  'Tells how the password of an account is hashed: algorithm, cost and salt';
comment on function project_apps(uuid[]) is 'Brings published_apps up to date with these apps';
comment on function project_apps_of_changed_versions() is
  'Trigger: brings published_apps up to date after changes of versions';
comment on function project_changed_apps() is
  'Trigger: brings published_apps up to date after changes of apps';
comment on function published_name_words(text, text) is 'Lexemes of the name and the package id of an app';
comment on function published_words(tsvector, text, text, text[]) is 'All lexemes that an app is found by';
comment on function queue_mail(uuid, uuid, text, text, text, text[]) is
  'Queues a mail within the limits of its mailbox: the only way into mails';
comment on function rfc3339(timestamptz) is 'A time as it is in answers: RFC 3339, UTC, milliseconds';
comment on function session_id_of(text) is 'Finds a session by the hash of its token';
comment on function store_answer(published_apps) is 'What the store answers about an app';
comment on function take_token(text, integer, interval) is
  'Takes one token of a bucket in throttles, or tells how long to wait';
comment on function terms_of_app(text, text, text[], tsvector, timestamptz, timestamptz) is
  'Rows that an app has in published_app_terms';
comment on function update_terms() is 'Trigger: brings published_app_terms up to date';
comment on function use_account_token(text, text[]) is
  'Uses a token of a mail up, and tells its account, purpose and address';
comment on function use_oauth_flow(text, text, uuid) is
  'Uses a sign-in at a provider up, and tells the page to go back to';
comment on function ways_in(uuid) is
  'Hash of the password and provider of an account, which differs as soon as one of them does';
comment on function words_of_app(text, text[]) is 'Words of the name and tags of an app';

-- Down Migration
-- Every comment is of this migration: before it there was none.
do $$
declare
  commented record;
begin
  for commented in
    select case when objsubid > 0 then 'column' when relkind = 'v' then 'view' else 'table' end as kind,
           case when objsubid > 0 then format('%s.%I', oid::regclass, attname) else oid::regclass::text end
             as name
    from pg_description
         join pg_class on classoid = 'pg_class'::regclass and objoid = pg_class.oid
         left join pg_attribute on attrelid = pg_class.oid and attnum = objsubid and objsubid > 0
    where relnamespace = 'public'::regnamespace
    union all
    select 'function', oid::regprocedure::text
    from pg_description join pg_proc on classoid = 'pg_proc'::regclass and objoid = oid
    where pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend where objid = oid and deptype = 'e')
  loop
    execute format('comment on %s %s is null', commented.kind, commented.name);
  end loop;
end
$$;
