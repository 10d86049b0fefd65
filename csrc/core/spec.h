/* spec.h - are these settings in range? One check per settings struct of the public header. */
#ifndef IL_SPEC_H
#define IL_SPEC_H

#include "initlens.h"

int il_optimizer_valid(const il_optimizer *optimizer);
int il_optimizer_equal(const il_optimizer *p, const il_optimizer *q);
int il_scheme_valid(const il_scheme *scheme);

/* Whether its law is one of the whole matrix, not of each element. */
int il_scheme_is_matrix(const il_scheme *scheme);
/* Valid, and possible for this tensor. */
int il_scheme_fits(const il_scheme *scheme, size_t n_in, size_t n_out, il_purpose purpose);
/* And is there room for the record that they ask for? */
int il_train_options_valid(const il_train_options *options, const il_record *record);

#endif
