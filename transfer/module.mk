PROGRAMS += aob-transfer
aob-transfer_SOURCES := \
	transfer/main.c \
	transfer/anchor.c \
	transfer/asked.c \
	transfer/beside_state.c \
	transfer/btrfs_send.c \
	transfer/changes.c \
	transfer/compare.c \
	transfer/content.c \
	transfer/delta.c \
	transfer/delta_writer.c \
	transfer/detect.c \
	transfer/engine_rsync.c \
	transfer/engine_rsync_links.c \
	transfer/engine_rsync_record.c \
	transfer/engine_rsync_source.c \
	transfer/follow.c \
	transfer/known_vault.c \
	transfer/ledger.c \
	transfer/ledger_file.c \
	transfer/ledger_plan.c \
	transfer/ledger_walk.c \
	transfer/meter.c \
	transfer/moves_guess.c \
	transfer/outline.c \
	transfer/overlay.c \
	transfer/overlay_walk.c \
	transfer/parts.c \
	transfer/patience.c \
	transfer/plan.c \
	transfer/prefetch.c \
	transfer/prove.c \
	transfer/put_back.c \
	transfer/replay.c \
	transfer/seed_wait.c \
	transfer/send_stream.c \
	transfer/sender.c \
	transfer/signing.c \
	transfer/source_view.c \
	transfer/transfer.c \
	transfer/unfrozen.c
aob-transfer_LIBS := -lczmq -lzmq -lyaml -ljansson -lrsync -lsqlite3 -lcrypto -lzstd -lbtrfsutil
