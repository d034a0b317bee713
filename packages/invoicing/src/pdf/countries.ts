import type { Language } from './words.ts';

/** Of the countries of EN 16931, by CLDR 48: code, and name in English, German, French and Dutch. */
const names = `
  AD|Andorra|Andorra|Andorre|Andorra
  AE|United Arab Emirates|Vereinigte Arabische Emirate|Émirats arabes unis|Verenigde Arabische Emiraten
  AF|Afghanistan|Afghanistan|Afghanistan|Afghanistan
  AG|Antigua & Barbuda|Antigua und Barbuda|Antigua-et-Barbuda|Antigua en Barbuda
  AI|Anguilla|Anguilla|Anguilla|Anguilla
  AL|Albania|Albanien|Albanie|Albanië
  AM|Armenia|Armenien|Arménie|Armenië
  AO|Angola|Angola|Angola|Angola
  AQ|Antarctica|Antarktis|Antarctique|Antarctica
  AR|Argentina|Argentinien|Argentine|Argentinië
  AS|American Samoa|Amerikanisch-Samoa|Samoa américaines|Amerikaans-Samoa
  AT|Austria|Österreich|Autriche|Oostenrijk
  AU|Australia|Australien|Australie|Australië
  AW|Aruba|Aruba|Aruba|Aruba
  AX|Åland Islands|Ålandinseln|Îles Åland|Åland
  AZ|Azerbaijan|Aserbaidschan|Azerbaïdjan|Azerbeidzjan
  BA|Bosnia & Herzegovina|Bosnien und Herzegowina|Bosnie-Herzégovine|Bosnië en Herzegovina
  BB|Barbados|Barbados|Barbade|Barbados
  BD|Bangladesh|Bangladesch|Bangladesh|Bangladesh
  BE|Belgium|Belgien|Belgique|België
  BF|Burkina Faso|Burkina Faso|Burkina Faso|Burkina Faso
  BG|Bulgaria|Bulgarien|Bulgarie|Bulgarije
  BH|Bahrain|Bahrain|Bahreïn|Bahrein
  BI|Burundi|Burundi|Burundi|Burundi
  BJ|Benin|Benin|Bénin|Benin
  BL|St. Barthélemy|St. Barthélemy|Saint-Barthélemy|Saint-Barthélemy
  BM|Bermuda|Bermuda|Bermudes|Bermuda
  BN|Brunei|Brunei Darussalam|Brunei|Brunei
  BO|Bolivia|Bolivien|Bolivie|Bolivia
  BQ|Caribbean Netherlands|Karibische Niederlande|Pays-Bas caribéens|Caribisch Nederland
  BR|Brazil|Brasilien|Brésil|Brazilië
  BS|Bahamas|Bahamas|Bahamas|Bahama’s
  BT|Bhutan|Bhutan|Bhoutan|Bhutan
  BV|Bouvet Island|Bouvetinsel|Île Bouvet|Bouveteiland
  BW|Botswana|Botsuana|Botswana|Botswana
  BY|Belarus|Belarus|Biélorussie|Belarus
  BZ|Belize|Belize|Belize|Belize
  CA|Canada|Kanada|Canada|Canada
  CC|Cocos (Keeling) Islands|Kokosinseln|Îles Cocos|Cocoseilanden
  CD|Congo - Kinshasa|Kongo-Kinshasa|Congo-Kinshasa|Congo-Kinshasa
  CF|Central African Republic|Zentralafrikanische Republik|République centrafricaine|Centraal-Afrikaanse Republiek
  CG|Congo - Brazzaville|Kongo-Brazzaville|Congo-Brazzaville|Congo-Brazzaville
  CH|Switzerland|Schweiz|Suisse|Zwitserland
  CI|Côte d’Ivoire|Côte d’Ivoire|Côte d’Ivoire|Ivoorkust
  CK|Cook Islands|Cookinseln|Îles Cook|Cookeilanden
  CL|Chile|Chile|Chili|Chili
  CM|Cameroon|Kamerun|Cameroun|Kameroen
  CN|China|China|Chine|China
  CO|Colombia|Kolumbien|Colombie|Colombia
  CR|Costa Rica|Costa Rica|Costa Rica|Costa Rica
  CU|Cuba|Kuba|Cuba|Cuba
  CV|Cape Verde|Cabo Verde|Cap-Vert|Kaapverdië
  CW|Curaçao|Curaçao|Curaçao|Curaçao
  CX|Christmas Island|Weihnachtsinsel|Île Christmas|Christmaseiland
  CY|Cyprus|Zypern|Chypre|Cyprus
  CZ|Czechia|Tschechien|Tchéquie|Tsjechië
  DE|Germany|Deutschland|Allemagne|Duitsland
  DJ|Djibouti|Dschibuti|Djibouti|Djibouti
  DK|Denmark|Dänemark|Danemark|Denemarken
  DM|Dominica|Dominica|Dominique|Dominica
  DO|Dominican Republic|Dominikanische Republik|République dominicaine|Dominicaanse Republiek
  DZ|Algeria|Algerien|Algérie|Algerije
  EC|Ecuador|Ecuador|Équateur|Ecuador
  EE|Estonia|Estland|Estonie|Estland
  EG|Egypt|Ägypten|Égypte|Egypte
  EH|Western Sahara|Westsahara|Sahara occidental|Westelijke Sahara
  ER|Eritrea|Eritrea|Érythrée|Eritrea
  ES|Spain|Spanien|Espagne|Spanje
  ET|Ethiopia|Äthiopien|Éthiopie|Ethiopië
  FI|Finland|Finnland|Finlande|Finland
  FJ|Fiji|Fidschi|Fidji|Fiji
  FK|Falkland Islands|Falklandinseln|Îles Malouines|Falklandeilanden
  FM|Micronesia|Mikronesien|Micronésie|Micronesia
  FO|Faroe Islands|Färöer|Îles Féroé|Faeröer
  FR|France|Frankreich|France|Frankrijk
  GA|Gabon|Gabun|Gabon|Gabon
  GB|United Kingdom|Vereinigtes Königreich|Royaume-Uni|Verenigd Koninkrijk
  GD|Grenada|Grenada|Grenade|Grenada
  GE|Georgia|Georgien|Géorgie|Georgië
  GF|French Guiana|Französisch-Guayana|Guyane française|Frans-Guyana
  GG|Guernsey|Guernsey|Guernesey|Guernsey
  GH|Ghana|Ghana|Ghana|Ghana
  GI|Gibraltar|Gibraltar|Gibraltar|Gibraltar
  GL|Greenland|Grönland|Groenland|Groenland
  GM|Gambia|Gambia|Gambie|Gambia
  GN|Guinea|Guinea|Guinée|Guinee
  GP|Guadeloupe|Guadeloupe|Guadeloupe|Guadeloupe
  GQ|Equatorial Guinea|Äquatorialguinea|Guinée équatoriale|Equatoriaal-Guinea
  GR|Greece|Griechenland|Grèce|Griekenland
  GS|South Georgia & South Sandwich Islands|Südgeorgien und die Südlichen Sandwichinseln|Géorgie du Sud-et-les Îles Sandwich du Sud|Zuid-Georgia en Zuidelijke Sandwicheilanden
  GT|Guatemala|Guatemala|Guatemala|Guatemala
  GU|Guam|Guam|Guam|Guam
  GW|Guinea-Bissau|Guinea-Bissau|Guinée-Bissau|Guinee-Bissau
  GY|Guyana|Guyana|Guyana|Guyana
  HK|Hong Kong SAR China|Sonderverwaltungsregion Hongkong|R.A.S. chinoise de Hong Kong|Hongkong SAR van China
  HM|Heard & McDonald Islands|Heard und McDonaldinseln|Îles Heard-et-MacDonald|Heard en McDonaldeilanden
  HN|Honduras|Honduras|Honduras|Honduras
  HR|Croatia|Kroatien|Croatie|Kroatië
  HT|Haiti|Haiti|Haïti|Haïti
  HU|Hungary|Ungarn|Hongrie|Hongarije
  ID|Indonesia|Indonesien|Indonésie|Indonesië
  IE|Ireland|Irland|Irlande|Ierland
  IL|Israel|Israel|Israël|Israël
  IM|Isle of Man|Isle of Man|Île de Man|Isle of Man
  IN|India|Indien|Inde|India
  IO|British Indian Ocean Territory|Britisches Territorium im Indischen Ozean|Territoire britannique de l’océan Indien|Brits Indische Oceaanterritorium
  IQ|Iraq|Irak|Irak|Irak
  IR|Iran|Iran|Iran|Iran
  IS|Iceland|Island|Islande|IJsland
  IT|Italy|Italien|Italie|Italië
  JE|Jersey|Jersey|Jersey|Jersey
  JM|Jamaica|Jamaika|Jamaïque|Jamaica
  JO|Jordan|Jordanien|Jordanie|Jordanië
  JP|Japan|Japan|Japon|Japan
  KE|Kenya|Kenia|Kenya|Kenia
  KG|Kyrgyzstan|Kirgisistan|Kirghizstan|Kirgizië
  KH|Cambodia|Kambodscha|Cambodge|Cambodja
  KI|Kiribati|Kiribati|Kiribati|Kiribati
  KM|Comoros|Komoren|Comores|Comoren
  KN|St. Kitts & Nevis|St. Kitts und Nevis|Saint-Christophe-et-Niévès|Saint Kitts en Nevis
  KP|North Korea|Nordkorea|Corée du Nord|Noord-Korea
  KR|South Korea|Südkorea|Corée du Sud|Zuid-Korea
  KW|Kuwait|Kuwait|Koweït|Koeweit
  KY|Cayman Islands|Kaimaninseln|Îles Caïmans|Kaaimaneilanden
  KZ|Kazakhstan|Kasachstan|Kazakhstan|Kazachstan
  LA|Laos|Laos|Laos|Laos
  LB|Lebanon|Libanon|Liban|Libanon
  LC|St. Lucia|St. Lucia|Sainte-Lucie|Saint Lucia
  LI|Liechtenstein|Liechtenstein|Liechtenstein|Liechtenstein
  LK|Sri Lanka|Sri Lanka|Sri Lanka|Sri Lanka
  LR|Liberia|Liberia|Liberia|Liberia
  LS|Lesotho|Lesotho|Lesotho|Lesotho
  LT|Lithuania|Litauen|Lituanie|Litouwen
  LU|Luxembourg|Luxemburg|Luxembourg|Luxemburg
  LV|Latvia|Lettland|Lettonie|Letland
  LY|Libya|Libyen|Libye|Libië
  MA|Morocco|Marokko|Maroc|Marokko
  MC|Monaco|Monaco|Monaco|Monaco
  MD|Moldova|Republik Moldau|Moldavie|Moldavië
  ME|Montenegro|Montenegro|Monténégro|Montenegro
  MF|St. Martin|St. Martin|Saint-Martin|Saint-Martin
  MG|Madagascar|Madagaskar|Madagascar|Madagaskar
  MH|Marshall Islands|Marshallinseln|Îles Marshall|Marshalleilanden
  MK|North Macedonia|Nordmazedonien|Macédoine du Nord|Noord-Macedonië
  ML|Mali|Mali|Mali|Mali
  MM|Myanmar (Burma)|Myanmar|Myanmar (Birmanie)|Myanmar (Birma)
  MN|Mongolia|Mongolei|Mongolie|Mongolië
  MO|Macao SAR China|Sonderverwaltungsregion Macau|R.A.S. chinoise de Macao|Macau SAR van China
  MP|Northern Mariana Islands|Nördliche Marianen|Îles Mariannes du Nord|Noordelijke Marianen
  MQ|Martinique|Martinique|Martinique|Martinique
  MR|Mauritania|Mauretanien|Mauritanie|Mauritanië
  MS|Montserrat|Montserrat|Montserrat|Montserrat
  MT|Malta|Malta|Malte|Malta
  MU|Mauritius|Mauritius|Maurice|Mauritius
  MV|Maldives|Malediven|Maldives|Maldiven
  MW|Malawi|Malawi|Malawi|Malawi
  MX|Mexico|Mexiko|Mexique|Mexico
  MY|Malaysia|Malaysia|Malaisie|Maleisië
  MZ|Mozambique|Mosambik|Mozambique|Mozambique
  NA|Namibia|Namibia|Namibie|Namibië
  NC|New Caledonia|Neukaledonien|Nouvelle-Calédonie|Nieuw-Caledonië
  NE|Niger|Niger|Niger|Niger
  NF|Norfolk Island|Norfolkinsel|Île Norfolk|Norfolk
  NG|Nigeria|Nigeria|Nigeria|Nigeria
  NI|Nicaragua|Nicaragua|Nicaragua|Nicaragua
  NL|Netherlands|Niederlande|Pays-Bas|Nederland
  NO|Norway|Norwegen|Norvège|Noorwegen
  NP|Nepal|Nepal|Népal|Nepal
  NR|Nauru|Nauru|Nauru|Nauru
  NU|Niue|Niue|Niue|Niue
  NZ|New Zealand|Neuseeland|Nouvelle-Zélande|Nieuw-Zeeland
  OM|Oman|Oman|Oman|Oman
  PA|Panama|Panama|Panama|Panama
  PE|Peru|Peru|Pérou|Peru
  PF|French Polynesia|Französisch-Polynesien|Polynésie française|Frans-Polynesië
  PG|Papua New Guinea|Papua-Neuguinea|Papouasie-Nouvelle-Guinée|Papoea-Nieuw-Guinea
  PH|Philippines|Philippinen|Philippines|Filipijnen
  PK|Pakistan|Pakistan|Pakistan|Pakistan
  PL|Poland|Polen|Pologne|Polen
  PM|St. Pierre & Miquelon|St. Pierre und Miquelon|Saint-Pierre-et-Miquelon|Saint-Pierre en Miquelon
  PN|Pitcairn Islands|Pitcairninseln|Îles Pitcairn|Pitcairneilanden
  PR|Puerto Rico|Puerto Rico|Porto Rico|Puerto Rico
  PS|Palestinian Territories|Palästinensische Autonomiegebiete|Territoires palestiniens|Palestijnse gebieden
  PT|Portugal|Portugal|Portugal|Portugal
  PW|Palau|Palau|Palaos|Palau
  PY|Paraguay|Paraguay|Paraguay|Paraguay
  QA|Qatar|Katar|Qatar|Qatar
  RE|Réunion|Réunion|La Réunion|Réunion
  RO|Romania|Rumänien|Roumanie|Roemenië
  RS|Serbia|Serbien|Serbie|Servië
  RU|Russia|Russland|Russie|Rusland
  RW|Rwanda|Ruanda|Rwanda|Rwanda
  SA|Saudi Arabia|Saudi-Arabien|Arabie saoudite|Saoedi-Arabië
  SB|Solomon Islands|Salomonen|Îles Salomon|Salomonseilanden
  SC|Seychelles|Seychellen|Seychelles|Seychellen
  SD|Sudan|Sudan|Soudan|Soedan
  SE|Sweden|Schweden|Suède|Zweden
  SG|Singapore|Singapur|Singapour|Singapore
  SH|St. Helena|St. Helena|Sainte-Hélène|Sint-Helena
  SI|Slovenia|Slowenien|Slovénie|Slovenië
  SJ|Svalbard & Jan Mayen|Spitzbergen und Jan Mayen|Svalbard et Jan Mayen|Spitsbergen en Jan Mayen
  SK|Slovakia|Slowakei|Slovaquie|Slowakije
  SL|Sierra Leone|Sierra Leone|Sierra Leone|Sierra Leone
  SM|San Marino|San Marino|Saint-Marin|San Marino
  SN|Senegal|Senegal|Sénégal|Senegal
  SO|Somalia|Somalia|Somalie|Somalië
  SR|Suriname|Suriname|Suriname|Suriname
  SS|South Sudan|Südsudan|Soudan du Sud|Zuid-Soedan
  ST|São Tomé & Príncipe|São Tomé und Príncipe|Sao Tomé-et-Principe|Sao Tomé en Principe
  SV|El Salvador|El Salvador|Salvador|El Salvador
  SX|Sint Maarten|Sint Maarten|Saint-Martin (partie néerlandaise)|Sint-Maarten
  SY|Syria|Syrien|Syrie|Syrië
  SZ|Eswatini|Eswatini|Eswatini|Eswatini
  TC|Turks & Caicos Islands|Turks- und Caicosinseln|Îles Turques-et-Caïques|Turks- en Caicoseilanden
  TD|Chad|Tschad|Tchad|Tsjaad
  TF|French Southern Territories|Französische Süd- und Antarktisgebiete|Terres australes françaises|Franse Gebieden in de zuidelijke Indische Oceaan
  TG|Togo|Togo|Togo|Togo
  TH|Thailand|Thailand|Thaïlande|Thailand
  TJ|Tajikistan|Tadschikistan|Tadjikistan|Tadzjikistan
  TK|Tokelau|Tokelau|Tokelau|Tokelau
  TL|Timor-Leste|Timor-Leste|Timor oriental|Oost-Timor
  TM|Turkmenistan|Turkmenistan|Turkménistan|Turkmenistan
  TN|Tunisia|Tunesien|Tunisie|Tunesië
  TO|Tonga|Tonga|Tonga|Tonga
  TR|Türkiye|Türkei|Turquie|Turkije
  TT|Trinidad & Tobago|Trinidad und Tobago|Trinité-et-Tobago|Trinidad en Tobago
  TV|Tuvalu|Tuvalu|Tuvalu|Tuvalu
  TW|Taiwan|Taiwan|Taïwan|Taiwan
  TZ|Tanzania|Tansania|Tanzanie|Tanzania
  UA|Ukraine|Ukraine|Ukraine|Oekraïne
  UG|Uganda|Uganda|Ouganda|Oeganda
  UM|U.S. Outlying Islands|Amerikanische Überseeinseln|Îles mineures éloignées des États-Unis|Kleine afgelegen eilanden van de Verenigde Staten
  US|United States|Vereinigte Staaten|États-Unis|Verenigde Staten
  UY|Uruguay|Uruguay|Uruguay|Uruguay
  UZ|Uzbekistan|Usbekistan|Ouzbékistan|Oezbekistan
  VA|Vatican City|Vatikanstadt|État de la Cité du Vatican|Vaticaanstad
  VC|St. Vincent & Grenadines|St. Vincent und die Grenadinen|Saint-Vincent-et-les Grenadines|Saint Vincent en de Grenadines
  VE|Venezuela|Venezuela|Venezuela|Venezuela
  VG|British Virgin Islands|Britische Jungferninseln|Îles Vierges britanniques|Britse Maagdeneilanden
  VI|U.S. Virgin Islands|Amerikanische Jungferninseln|Îles Vierges des États-Unis|Amerikaanse Maagdeneilanden
  VN|Vietnam|Vietnam|Viêt Nam|Vietnam
  VU|Vanuatu|Vanuatu|Vanuatu|Vanuatu
  WF|Wallis & Futuna|Wallis und Futuna|Wallis-et-Futuna|Wallis en Futuna
  WS|Samoa|Samoa|Samoa|Samoa
  YE|Yemen|Jemen|Yémen|Jemen
  YT|Mayotte|Mayotte|Mayotte|Mayotte
  ZA|South Africa|Südafrika|Afrique du Sud|Zuid-Afrika
  ZM|Zambia|Sambia|Zambie|Zambia
  ZW|Zimbabwe|Simbabwe|Zimbabwe|Zimbabwe
  1A|Kosovo|Kosovo|Kosovo|Kosovo
  XI|Northern Ireland|Nordirland|Irlande du Nord|Noord-Ierland
`;

const columns: Language[] = ['en', 'de', 'fr', 'nl'];
const byCode = new Map(
  names
    .trim()
    .split('\n')
    .map((line) => {
      const [code = '', ...translations] = line.trim().split('|');
      return [code, translations];
    }),
);

/** The name of a country; its code, where it has none here. */
export const countryName = (code: string, language: Language): string =>
  byCode.get(code)?.[columns.indexOf(language)] ?? code;
