PROGRAMS += aob-transfer
aob-transfer_SOURCES := \
	transfer/main.c \
	transfer/compare.c \
	transfer/delta.c \
	transfer/meter.c \
	transfer/plan.c \
	transfer/rate.c \
	transfer/sender.c \
	transfer/transfer.c
aob-transfer_LIBS := -lczmq -lzmq -lyaml -ljansson -lrsync -lsqlite3 -lcrypto -lzstd
