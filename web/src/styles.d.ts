// Styles are bundled beside the script; importing them has no value.
declare module "*.css";
