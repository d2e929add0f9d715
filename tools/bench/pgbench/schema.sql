-- No index: nothing but the heap page and the log record stands between the client and the fsync.
create table renames (
  workspace integer     not null,
  key       integer     not null,
  renamed   timestamptz not null default now(),
  payload   text        not null
);
