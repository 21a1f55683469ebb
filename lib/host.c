/* SPDX-License-Identifier: 0BSD */
/* What holds for all VMs of whoever calls. */
#include "host.h"

int host_load(struct host *h, struct buf *errors, int *code, struct err *e)
{
	*h = (struct host){ 0 };
	*code = DONE;
	if (place_find(&h->place, e) < 0)
		return -1;
	if (site_load(&h->site, h->place.etc, errors) < 0)
		*code = h->site.code;
	if (reg_load(&h->reg, h->place.etc, errors) < 0)
		*code = h->reg.code;
	reg_autostart(&h->autostart, h->place.etc, &h->untold);
	h->code = *code;
	return 0;
}

void host_free(struct host *h)
{
	reg_free(&h->autostart);
	buf_free(&h->untold);
	reg_free(&h->reg);
}
