wire_SOURCES += \
	wire/codec.c \
	wire/entry_codec.c \
	wire/frame.c \
	wire/remote.c \
	wire/wire.c
