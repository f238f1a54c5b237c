// SPDX-License-Identifier: Apache-2.0
// For tests that nothing stays open, or is opened at all.
#ifndef TESTS_OPEN_FILES_H
#define TESTS_OPEN_FILES_H

// Of this process, the one that counts them included: only differences say something.
unsigned open_files(void);

#endif
