wire_SOURCES += \
	wire/bare.c \
	wire/bare_exit.c \
	wire/bare_list.c \
	wire/bare_output.c \
	wire/bare_rsync.c \
	wire/bare_said.c \
	wire/bare_script.c \
	wire/bare_welcome.c \
	wire/bare_word.c \
	wire/choose.c \
	wire/codec.c \
	wire/entry_codec.c \
	wire/far_words.c \
	wire/frame.c \
	wire/look_codec.c \
	wire/measure.c \
	wire/macs_codec.c \
	wire/macs_json.c \
	wire/note.c \
	wire/pack.c \
	wire/pack_level.c \
	wire/pieces.c \
	wire/rehearse_bundle.c \
	wire/rehearse_restore.c \
	wire/rehearse_sample.c \
	wire/rehearse_scratch.c \
	wire/rehearse_time.c \
	wire/rehearsing.c \
	wire/remote.c \
	wire/remote_list.c \
	wire/remote_command.c \
	wire/remote_facts.c \
	wire/remote_verify.c \
	wire/verify_codec.c \
	wire/verifying.c \
	wire/wire.c

# bare_script.c takes the script in by .incbin, which -MMD does not see.
$(OBJ)/wire/bare_script.o: wire/bare.sh
