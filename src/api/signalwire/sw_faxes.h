#pragma once
/* Faxes read back, for both APIs; faxes.h sends them. Control thread. */

#include "api/signalwire/sw.h"
#include "store/store_faxes.h"

/** The row if it is the asker's; NULL: answered. */
const struct store_fax *sw_found_fax(struct rest *rest, const struct store_answer *answer);
/** The rows of that page, of the asker's project. */
struct store_fax_filter sw_fax_filter(const struct rest *rest, const struct sw_page *page);

/* /api/fax/logs */
void sw_fax_list(struct rest *rest);
void sw_fax_show(struct rest *rest);
