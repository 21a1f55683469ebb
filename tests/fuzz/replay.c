/* SPDX-License-Identifier: 0BSD */
/* replay FILE...: each file once through the target that this is linked with. */
#include "fuzz.h"

static void replay(const char *file)
{
	FILE *f = fopen(file, "rb");
	size_t n;

	MUST(f && fseek(f, 0, SEEK_END) == 0);
	n = (size_t)ftell(f);
	rewind(f);
	/* memory of its very size: a byte read behind it is seen */
	uint8_t *bytes = malloc(n ? n : 1);
	MUST(bytes && fread(bytes, 1, n, f) == n);
	fclose(f);
	LLVMFuzzerTestOneInput(bytes, n);
	free(bytes);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	return argc < 2;
}
