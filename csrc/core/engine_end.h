/* engine_end.h - takes back the names of engine_names.h and its precision. */
#undef EN
#undef SET
#undef CONTRACTION
#undef SHALLOW
#undef UPDATE
#undef T
#undef P
