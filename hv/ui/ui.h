/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user interface: two terminals and the monitor. */
#ifndef HV_UI_UI_H
#define HV_UI_UI_H

#include "hv/types.h"

#define RINGLET_RELEASE	"0.1"

void terminals_start(void);	/* shows the first guest that starts, or the monitor */
void terminals_no_keyboard(void);	/* says so on the screen */
bool terminals_work(void);	/* moves input and output */
bool terminals_busy(void);	/* terminals_work() has something to do that should not wait */

#endif
