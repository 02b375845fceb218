local g = require "gusto"

return g.dataset {
  name = "dc",
  help = "Dunnhumby Carbo-Loading baskets: 9,010 customers, 217 products, 42,905 baskets",
  source = "dunnhumby source files, as split by DNNTSP: data/DC/DC.json of https://github.com/yule-BUAA/DNNTSP, written as "
    .. "text, a user "
    .. "a line: train|validate|test, user, baskets with commas between items (put it into datasets/raw/basket-tafeng-dc-tms/)",
  cite = "L. Yu et al.: Predicting Temporal Sets with Deep Neural Networks, KDD 2020",
  licence = "research use",
  default = "baskets",
  views = {
    baskets = {
      help = "users are split; of validation and test users the last basket is the target and the earlier ones are known; "
        .. "split = \"given\", mask_seen = false",
      {
        "basket-tafeng-dc-tms/DC.txt", format = "baskets",
        sha256 = {
          "581654cc6b2de79bc3a45fa383b8185c5217ec122b348797866ef8297e81c62a",
          "0af736b393ea60fff258b2009f249134fda0f33b58fdbe2e02962bea921f07ee",
        },
      },
    },
  },
}
