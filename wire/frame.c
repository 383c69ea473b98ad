#include "wire/wire.h"

static const struct {
	unsigned type;
	char from;
	size_t greatest;
	const char *name;
} table[] = {
#define C 'C'
#define R 'R'
#define B 'B'
#define FRAME(name, number, direction, greatest) { (number), (direction), (greatest), #name },
#include "wire/frames.def"
#undef FRAME
#undef B
#undef R
#undef C
};

static int row_of(unsigned type)
{
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].type == type)
			return (int)i;
	return -1;
}

const char *frame_name(unsigned type)
{
	int row = row_of(type);

	return row >= 0 ? table[row].name : "?";
}

bool frame_known(unsigned type)
{
	return row_of(type) >= 0;
}

size_t frame_greatest(unsigned type)
{
	int row = row_of(type);

	return row >= 0 ? table[row].greatest : 0;
}

char frame_from(unsigned type)
{
	int row = row_of(type);

	return row >= 0 ? table[row].from : '\0';
}
