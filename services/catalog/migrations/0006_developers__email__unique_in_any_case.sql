-- Up Migration
-- Ada@x.org and ada@x.org are one account. Sign-in looks up by lower(email) too, so this is also its
-- index.
create unique index developers_lower_email on developers (lower(email));

-- Down Migration
drop index developers_lower_email;
