PROGRAMS += aob-receiver
aob-receiver_SOURCES := \
	receiver/main.c \
	receiver/adopt.c \
	receiver/apply.c \
	receiver/basis.c \
	receiver/below.c \
	receiver/brake.c \
	receiver/brake_mark.c \
	receiver/braking.c \
	receiver/build.c \
	receiver/build_copy.c \
	receiver/build_hardlink.c \
	receiver/building.c \
	receiver/confine.c \
	receiver/contact.c \
	receiver/diff.c \
	receiver/fetch.c \
	receiver/file_copy.c \
	receiver/file_sink.c \
	receiver/find.c \
	receiver/floor.c \
	receiver/flusher.c \
	receiver/generation_name.c \
	receiver/give.c \
	receiver/hash_tag.c \
	receiver/incoming.c \
	receiver/inventory.c \
	receiver/mass_change.c \
	receiver/moves.c \
	receiver/page.c \
	receiver/page_calendar.c \
	receiver/page_front.c \
	receiver/page_tell.c \
	receiver/part_writer.c \
	receiver/publish.c \
	receiver/reading.c \
	receiver/readme_page.c \
	receiver/recheck.c \
	receiver/record.c \
	receiver/record_macs.c \
	receiver/owner.c \
	receiver/release.c \
	receiver/removal.c \
	receiver/seed.c \
	receiver/seal.c \
	receiver/proving.c \
	receiver/serve.c \
	receiver/sheet.c \
	receiver/sheet_html.c \
	receiver/signature.c \
	receiver/spans.c \
	receiver/strategy.c \
	receiver/take_file.c \
	receiver/take_in.c \
	receiver/tally.c \
	receiver/ticker.c \
	receiver/trash.c \
	receiver/two_trees.c \
	receiver/vault.c \
	receiver/vault_user.c \
	receiver/version.c \
	receiver/write_out.c \
	$(wildcard receiver/words/*.c)
aob-receiver_LIBS := -lrsync -lcrypto -ljansson -lzstd -lbtrfsutil

# librsync needs libb2.
aob-receiver_STATIC_LIBS := $(aob-receiver_LIBS) -lb2
