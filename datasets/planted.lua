local g = require "gusto"

return g.dataset {
  name = "planted",
  help = "A made-up world with known causes: users with tastes, items with titles and genres, and rules by which watching one "
    .. "item makes another likely a little later. "
    .. "Options of g.data: interactions, seed, users, items, genres, rules, strength, lag, drift.",
  source = "computed by gusto; nothing to download",
  licence = "public domain",
  planted = true,
}
