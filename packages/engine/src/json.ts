/** A JSON value that the engine stores and gives back without looking into it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
