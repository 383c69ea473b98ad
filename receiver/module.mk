PROGRAMS += aob-receiver
aob-receiver_SOURCES := \
	receiver/main.c \
	receiver/apply.c \
	receiver/basis.c \
	receiver/brake.c \
	receiver/brake_mark.c \
	receiver/braking.c \
	receiver/build.c \
	receiver/build_copy.c \
	receiver/build_hardlink.c \
	receiver/building.c \
	receiver/confine.c \
	receiver/contact.c \
	receiver/fetch.c \
	receiver/file_copy.c \
	receiver/file_sink.c \
	receiver/floor.c \
	receiver/flusher.c \
	receiver/generation_name.c \
	receiver/hash_tag.c \
	receiver/incoming.c \
	receiver/inventory.c \
	receiver/mass_change.c \
	receiver/moves.c \
	receiver/part_writer.c \
	receiver/publish.c \
	receiver/readme_page.c \
	receiver/recheck.c \
	receiver/record.c \
	receiver/record_macs.c \
	receiver/owner.c \
	receiver/release.c \
	receiver/removal.c \
	receiver/serve.c \
	receiver/signature.c \
	receiver/strategy.c \
	receiver/tally.c \
	receiver/ticker.c \
	receiver/trash.c \
	receiver/vault.c \
	receiver/write_out.c
aob-receiver_LIBS := -lrsync -lcrypto -ljansson -lzstd -lsqlite3 -lbtrfsutil
