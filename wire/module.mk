wire_SOURCES += \
	wire/choose.c \
	wire/codec.c \
	wire/entry_codec.c \
	wire/far_words.c \
	wire/frame.c \
	wire/look_codec.c \
	wire/measure.c \
	wire/macs_codec.c \
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
	wire/remote_command.c \
	wire/remote_facts.c \
	wire/remote_verify.c \
	wire/verify_codec.c \
	wire/verifying.c \
	wire/wire.c
