local g = require "gusto"

local columns = "user,item,daytime,weekday,isweekend,homework,cost,weather,country,city"
local map = "frappe/nfm/feature_map.tsv"

local apps = {
  "frappe/meta.csv", format = "tsv", table = "item", header = true,
  columns = "item,package,category,downloads,developer,-,language,-,title,price,-,-",
  sha256 = {
    "e1ff7731968586a8eb1a07a35a64d89d62fb91e947f07f27d4ecdbe05754c230",
    "de87f6b2e7cd0428f9179167e2e7826b5dd3bf490d5af680261b685763ac214f",
  },
}

return g.dataset {
  name = "frappe",
  help = "Frappe: 96,203 uses of 4,082 Android apps by 957 users, each with its context (daytime, weather, city, ...)",
  source = "L. Baltrunas et al., Mobile_Frappe.zip in https://github.com/irecsys/CARSKit (context-aware_data_sets); the files of NFM "
    .. "in https://github.com/hexiangnan/neural_factorization_machine (data/frappe); put them into datasets/raw/frappe/",
  cite = "L. Baltrunas et al.: Frappe: Understanding the Usage and Perception of Mobile App Recommendations In-The-Wild, 2015",
  licence = "research use with acknowledgement; no redistribution and no commercial use without permission",
  default = "nfm",
  views = {
    nfm = {
      help = "the click-through split of NFM and AFM (7:2:1): each use and two sampled apps in its context; of the training file "
        .. "the 67,604 uses, whose negatives are drawn in training (negatives = 2); use split = \"given\"",
      {
        "frappe/nfm/frappe.train.positives.libfm", format = "libfm", columns = columns, features = map,
        sha256 = {
          "d53a92707f89db607634f915bd2c1546741e5ff6f87faca50e19132c25c7333f",
          "14b8bbc6a44f9bdec6a0d284b74ba0d239e0f97bebda8495e4c7e00e7dd54543",
        },
      },
      {
        "frappe/nfm/frappe.validation.libfm", format = "libfm", columns = columns, features = map, part = "valid",
        sha256 = {
          "57090daaaaf949dcb65e2ff7c38e6f57d3455e3624ea514945ad35546d7f53fd",
          "fdf4be563a7dd9b15f7a6e8b32671e90e6e7a2a2bd3af4e10bf13c5ad7e76e9e",
        },
      },
      {
        "frappe/nfm/frappe.test.libfm", format = "libfm", columns = columns, features = map, part = "test",
        sha256 = {
          "f91a89ebabf592da57e02e3f92c833ce7d275216e40d0d8c84b360efaf6431dc",
          "a2ebaef3a9af8e55f8bb0d08bc4923965e42e43760ebd7635ac2f8c5db99e097",
        },
      },
      apps,
    },
    log = {
      help = "the log itself: each use with its context and how often it was seen",
      {
        "frappe/frappe.csv", format = "tsv", header = true,
        columns = "user,item,count:real,daytime,weekday,isweekend,homework,cost,weather,country,city",
        sha256 = {
          "ce4b2d511b065b940753810a63e01367395812fbb661be2fb34956f0af20d85e",
          "409edc12f4e2153c5dd58ae171938735911d9b0f70961d5f1086b241656b2cb5",
        },
      },
      apps,
    },
  },
}
