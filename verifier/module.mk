PROGRAMS += aob-verifier
aob-verifier_SOURCES := \
	verifier/main.c \
	verifier/verify.c
aob-verifier_LIBS := -lczmq -lzmq -lyaml -ljansson -lzstd -lcrypto
