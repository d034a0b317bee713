-- A payment, its documents and its events are written in one transaction: there is nothing to publish, to deliver or to compare.

create table if not exists payments (
  merchant_id text not null,
  id text not null,
  created_at text not null,
  due_at text, -- when a clock has to look at it
  content json not null,
  primary key (merchant_id, id)
);
create index if not exists payments_newest on payments (merchant_id, created_at desc, id desc);
create index if not exists payments_due on payments (due_at) where due_at is not null;

create table if not exists accounts (
  merchant_id text not null,
  id text not null, -- of the invoice
  content json not null,
  primary key (merchant_id, id)
);

create table if not exists series (
  merchant_id text not null,
  name text not null,
  content json not null,
  primary key (merchant_id, name)
);

create table if not exists documents (
  position bigint generated always as identity,
  merchant_id text not null,
  id text not null,
  kind text not null, -- invoice, credit-note
  account_id text not null,
  order_id text not null,
  content json not null,
  primary key (merchant_id, id)
);
create index if not exists documents_newest on documents (merchant_id, kind, position desc);
create index if not exists documents_of_account on documents (merchant_id, account_id);
create index if not exists documents_of_order on documents (merchant_id, order_id);

create table if not exists files (
  key text primary key,
  bytes bytea not null
);

create table if not exists events (
  position bigint generated always as identity primary key,
  merchant_id text not null,
  id text not null,
  subject text not null,
  type text not null,
  correlation_id text not null,
  time text not null,
  recorded_at text not null,
  content text not null,
  unique (merchant_id, id)
);
create index if not exists events_of_subject on events (merchant_id, subject, position);
create index if not exists events_of_correlation on events (merchant_id, correlation_id, position);
create index if not exists events_of_type on events (merchant_id, type, position);

create table if not exists sandbox_records (
  key text primary key,
  content json not null
);
