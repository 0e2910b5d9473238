-- Create
-- A bucket holds `burst` tokens and gets one more every `step`. Concurrent callers each take their own. When
-- refused, the wait is computed from the row after their updates.
create or replace function take_token(bucket text, burst integer, step interval)
returns table (taken boolean, wait_seconds integer)
language sql volatile as $$
  insert into throttles (key, full_at) values (bucket, now() + step)
  on conflict (key) do update
    set full_at = case when greatest(throttles.full_at, now()) + step <= now() + step * burst
                       then greatest(throttles.full_at, now()) + step else throttles.full_at end
  returning old.full_at is distinct from new.full_at,
            ceil(extract(epoch from new.full_at + step - (now() + step * burst)))::int
$$;
comment on function take_token(text, integer, interval) is
  'Takes one token of a bucket in throttles, or tells how long to wait';

create or replace function mailbox_bucket(what text, address text) returns text
language sql immutable as $$
  select encode(sha256(convert_to(what || ' ' || regexp_replace(lower(address), '\+[^@]*(?=@[^@]*$)', ''),
                                  'UTF8')), 'hex')
$$;
comment on function mailbox_bucket(text, text) is
  'Key of the bucket of a mailbox: ada+x@mosis.test is that of ada@mosis.test';

-- No caller can forget the limits. Mails that somebody asks for are refused beyond them. Notices are never
-- lost: they go only to confirmed addresses, join one of their kind that waits, and beyond the limit they
-- wait.
create or replace function queue_mail(
  mail_id uuid, developer uuid, mail_kind text, address text, request text, about text[]
)
returns table (queued boolean, wait_seconds integer)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
$$;
comment on function queue_mail(uuid, uuid, text, text, text, text[]) is
  'Queues a mail within the limits of its mailbox: the only way into mails';
revoke execute on function queue_mail(uuid, uuid, text, text, text, text[]) from public;
grant execute on function queue_mail(uuid, uuid, text, text, text, text[]) to mosis_api;

-- Drop
drop function queue_mail(uuid, uuid, text, text, text, text[]);
drop function mailbox_bucket(text, text);
drop function take_token(text, integer, interval);
