-- Up Migration
-- Comments say what a thing is where psql and other tools show it. Migrations 1 to 5 are the user's own
-- document, word for word, so their tables are described here. A new table, view, column or function is
-- described in its own file: the test of migrations looks for it.

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

comment on table signing_keys is 'Public keys that developers sign packages with';
comment on column signing_keys.id is 'Id of the key';
comment on column signing_keys.developer_id is 'Account that has proved to hold the private half';
comment on column signing_keys.name is 'Name, as the developer writes it';
comment on column signing_keys.public_key is 'Public key, PEM';
comment on column signing_keys.fingerprint is 'SHA-256 of the public key, hex';
comment on column signing_keys.is_active is 'Whether versions may be signed with it';
comment on column signing_keys.created_at is 'When it was registered';

-- Down Migration
-- The tables have no columns but those of migrations 1 to 5 by now.
do $$
declare
  described record;
begin
  for described in
    select relname, attname from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = 'public'::regnamespace and attnum > 0 and not attisdropped
      and relname in ('schema_migrations', 'developers', 'api_keys', 'apps', 'app_versions', 'signing_keys')
  loop
    execute format('comment on column %I.%I is null', described.relname, described.attname);
    execute format('comment on table %I is null', described.relname);
  end loop;
end
$$;
