// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/port/linux/open_files.h"
#include <dirent.h>

unsigned open_files(void)
{
	unsigned count = 0;
	DIR *folder = opendir("/proc/self/fd");
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}
