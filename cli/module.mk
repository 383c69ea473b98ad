PROGRAMS += aob
aob_SOURCES := \
	cli/main.c \
	cli/adopt.c \
	cli/ask.c \
	cli/cat.c \
	cli/check.c \
	cli/choose.c \
	cli/diff.c \
	cli/events.c \
	cli/find.c \
	cli/health.c \
	cli/list.c \
	cli/list_vault.c \
	cli/listing.c \
	cli/looking.c \
	cli/ls.c \
	cli/options.c \
	cli/order.c \
	cli/parents.c \
	cli/prune.c \
	cli/release.c \
	cli/restore.c \
	cli/restore_above.c \
	cli/restore_aside.c \
	cli/restore_carry.c \
	cli/restore_delta.c \
	cli/restore_excludes.c \
	cli/restore_fit.c \
	cli/restore_from.c \
	cli/restore_options.c \
	cli/restore_pick.c \
	cli/restore_plan.c \
	cli/restore_report.c \
	cli/restore_sweep.c \
	cli/restore_wish.c \
	cli/restore_work.c \
	cli/run.c \
	cli/seed.c \
	cli/seed_place.c \
	cli/status.c \
	cli/style.c \
	cli/tame.c \
	cli/unpack.c \
	cli/verify.c \
	cli/verify_proof.c \
	cli/watch_run.c
aob_LIBS := -lczmq -lzmq -lyaml -ljansson -lcrypto -lzstd
