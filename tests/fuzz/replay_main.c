// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over every file of the given folders, once each, so that each build replays the corpus without libFuzzer.
// Prints one closing line with the count. Exit 0; 1 if a folder or file cannot be read or if there was nothing to run (a corpus
// that went missing must not look green). A finding ends the process inside the target (sanitizer or assert).
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Reads a whole file into memory of exactly its size, so that AddressSanitizer sees a read of one byte too many. NULL on error.
static uint8_t *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	struct stat status;
	if (!file)
		return NULL;
	if (fstat(fileno(file), &status) < 0) {
		fclose(file);
		return NULL;
	}
	*size = (size_t)status.st_size;
	uint8_t *data = malloc(*size ? *size : 1);
	if (data && fread(data, 1, *size, file) != *size) {
		free(data);
		data = NULL;
	}
	fclose(file);
	return data;
}

// Returns 1 for an input that was run, 0 for something that is no regular file, -1 on error.
static int run_file(const char *path)
{
	struct stat status;
	size_t size = 0;
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return 0;
	uint8_t *data = read_whole(path, &size);
	if (!data) {
		fprintf(stderr, "replay: cannot read %s: %s\n", path, strerror(errno));
		return -1;
	}
	// Named before it runs: after a finding the last line says which input it was.
	fprintf(stderr, "replay: %s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

// Returns the number of inputs run, or -1.
static long run_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	if (count < 0) {
		fprintf(stderr, "replay: cannot list %s: %s\n", folder, strerror(errno));
		return -1;
	}
	long ran = 0;
	for (int i = 0; i < count; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		int result = run_file(path);
		free(entries[i]);
		ran = ran < 0 || result < 0 ? -1 : ran + result;
	}
	free(entries);
	return ran;
}

int main(int argc, char **argv)
{
	long total = 0;
	for (int i = 1; i < argc; i++) {
		long ran = run_folder(argv[i]);
		if (ran <= 0) {
			printf("not ok 1 - corpus %s: %s\n", argv[i], ran ? "unreadable" : "empty");
			return 1;
		}
		total += ran;
	}
	if (total == 0) {
		fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
		return 1;
	}
	printf("ok 1 - corpus replayed, %ld inputs\n", total);
	return 0;
}
