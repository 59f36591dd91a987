#!/bin/sh
# Checks a proof of consent and says in words what it proves and what it does not.
# Exit code 0: everything holds. 1: something does not.
#
#   sh verify.sh [FOLDER] [--key FILE] [--tsa FILE] [--document FILE]
#
#   FOLDER      the unpacked bundle; by default the folder of this script
#   --key       a public key that you trust to be the server's, got some other way than with the bundle
#   --tsa       the certificates of the time-stamping authority, in PEM, that you trust
#   --document  the signed document that you hold
#
# Needs a POSIX shell, sha256sum, openssl (3.0 or later), awk, sed, grep, cut and printf. Nothing else is run, and nothing leaves this machine.
set -u
LC_ALL=C
export LC_ALL

faults=0
ok() { printf 'ok     %s\n' "$1"; }
bad() { printf 'FAULT  %s\n' "$1"; faults=$((faults + 1)); }
note() { printf 'note   %s\n' "$1"; }
stop() { printf 'FAULT  %s\n\nNOT PROVEN. The bundle cannot be checked.\n' "$1"; exit 1; }

folder=${0%/*}
[ "$folder" = "$0" ] && folder=.
key='' tsa='' document=''
while [ $# -gt 0 ]; do
  case $1 in
    --key | --tsa | --document)
      [ $# -gt 1 ] && [ -f "$2" ] || stop "$1 needs a file that exists."
      case $2 in /*) path=$2 ;; *) path=$PWD/$2 ;; esac
      case $1 in --key) key=$path ;; --tsa) tsa=$path ;; --document) document=$path ;; esac
      shift 2 ;;
    *) folder=$1; shift ;;
  esac
done
cd "$folder" 2>/dev/null || stop 'There is no such folder.'

for file in MANIFEST.sha256 MANIFEST.sig README.txt about.txt chain.tsv head.txt head.sig key.pem summary.pdf verify.sh; do
  [ -f "$file" ] || stop "The file $file is missing: the bundle is not whole."
done

# A hash of a file or of standard input, without the name that sha256sum writes behind it.
hash_of() { sha256sum < "$1" | cut -c 1-64; }
# A text, or a number, of a record. Quotes inside of texts are escaped there, so that a text cannot pass for a field.
text() { sed -n "s/.*[{,]\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }
number() { sed -n "s/.*[{,]\"$1\":\([0-9][0-9]*\)[,}].*/\1/p" "$2"; }
# Milliseconds since the epoch as a date in UTC.
date_of() {
  awk -v ms="$1" 'BEGIN {
    s = int(ms / 1000); d = int(s / 86400); s -= d * 86400
    z = d + 719468; era = int(z / 146097); doe = z - era * 146097
    yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
    doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100)); mp = int((5 * doy + 2) / 153)
    m = mp < 10 ? mp + 3 : mp - 9
    printf "%04d-%02d-%02d %02d:%02d:%02d UTC", yoe + era * 400 + (m <= 2), m, doy - int((153 * mp + 2) / 5) + 1, int(s / 3600), int(s / 60) % 60, s % 60 }'
}
signed_by_key() { openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in "$1" -sigfile "$2" > /dev/null 2>&1; }

printf '== Files\n'
if grep -Evq '^[0-9a-f]{64}  [A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?$' MANIFEST.sha256; then
  bad 'MANIFEST.sha256 holds a line that is not a hash and a path.'
elif sha256sum -c MANIFEST.sha256 > /dev/null 2>&1; then
  ok 'every file is as the manifest lists it'
else
  for file in $(cut -c 67- MANIFEST.sha256); do
    [ -f "$file" ] || { bad "$file is missing."; continue; }
    grep -Fqx "$(hash_of "$file")  $file" MANIFEST.sha256 || bad "$file was changed."
  done
fi
for file in * records/* identity/* texts/* rendering/* envelopes/*; do
  case $file in MANIFEST.sha256 | MANIFEST.sig) continue ;; esac
  [ -f "$file" ] || continue
  cut -c 67- MANIFEST.sha256 | grep -Fqx "$file" || bad "$file is not in the manifest: it was added."
done
if signed_by_key MANIFEST.sha256 MANIFEST.sig; then
  ok 'the manifest is signed with key.pem'
else
  bad 'The manifest is not signed with key.pem: the bundle was changed after it was made.'
fi

printf '\n== Signed head\n'
form='^countersign-head-v1 tenant=ten_[0-9a-z]+ ledger=consents seq=[1-9][0-9]* hash=[0-9a-f]{64} at=[0-9TZ:.-]+ key=[0-9a-f]{64}$'
if [ "$(grep -c '' head.txt)" != 1 ] || ! grep -Eq "$form" head.txt; then bad 'head.txt is not one line of the documented form.'; fi
of_head() { sed -n "1s/.* $1=\([^ ]*\).*/\1/p" head.txt; }
head_seq=$(of_head seq) head_hash=$(of_head hash) head_at=$(of_head at) head_key=$(of_head key) tenant=$(of_head tenant)
key_id() { openssl pkey -pubin -in "$1" -outform DER 2> /dev/null | sha256sum | cut -c 1-64; }
key_here=$(key_id key.pem)
[ "$key_here" = "$head_key" ] && ok "head.txt names this key: $key_here" || bad 'key.pem is not the key that head.txt names: the key was exchanged.'
if signed_by_key head.txt head.sig; then
  ok "the head is signed: entry $head_seq, $head_at"
else
  bad 'The signature of head.txt is not by key.pem: the head is forged.'
fi
trusted=no
if [ -n "$key" ]; then
  if [ "$(key_id "$key")" = "$key_here" ]; then
    trusted=yes
    ok 'the key is the one that you trust'
  else
    bad 'key.pem is not the key that you trust: somebody else made this bundle, or the server has changed its key since.'
  fi
fi
stamped=no
if [ -f head.tsr ]; then
  stamp_time=$(openssl ts -reply -in head.tsr -text 2> /dev/null | sed -n 's/^Time stamp: //p')
  from=given
  if [ -z "$tsa" ] && [ -f tsa.pem ]; then tsa=tsa.pem from=bundle; fi
  if [ -z "$tsa" ]; then
    note "there is a time stamp ($stamp_time); give the authority's certificates with --tsa to check it"
  elif openssl ts -verify -data head.txt -in head.tsr -CAfile "$tsa" > /dev/null 2>&1; then
    stamped=yes
    ok "the head was seen by a time-stamping authority: $stamp_time"
    [ "$from" = given ] || note 'its certificates came with the bundle; check that tsa.pem is of an authority that you trust'
  else
    bad 'The time stamp does not belong to this head or not to this authority.'
  fi
fi

printf '\n== Chain\n'
tab=$(printf '\t')
if grep -Evq "^[1-9][0-9]*$tab[0-9a-f]{64}$tab[0-9a-f]{64}$tab[0-9a-f]{64}\$" chain.tsv; then bad 'chain.tsv holds a line that is no link.'; fi
last_seq='' last_hash='' links=0 broken=no
while IFS=$tab read -r seq prev content hash; do
  links=$((links + 1))
  [ -z "$last_seq" ] || [ "$seq" = "$((last_seq + 1))" ] || { bad "Entry $seq does not come after entry $last_seq: an entry was removed or moved."; broken=yes; break; }
  [ -z "$last_hash" ] || [ "$prev" = "$last_hash" ] || { bad "Entry $seq does not follow from the one before it."; broken=yes; break; }
  own=$(printf '%s%s' "$prev" "$content" | sha256sum)
  [ "${own%% *}" = "$hash" ] || { bad "Entry $seq does not hash to what it claims."; broken=yes; break; }
  last_seq=$seq last_hash=$hash
done < chain.tsv
if [ "$broken" = no ]; then
  if [ "$last_seq" = "$head_seq" ] && [ "$last_hash" = "$head_hash" ]; then
    ok "$links entries follow from one another and end in the signed head"
  else
    bad 'The chain does not end in the signed head: entries are missing at its end.'
  fi
fi

printf '\n== Records\n'
person=$(sed -n 's/^person //p' about.txt)
expected=$(sed -n 's/^records //p' about.txt)
records=0 erased=0 unworded=0
for file in records/*.json; do
  [ -f "$file" ] || continue
  records=$((records + 1))
  seq=$(number seq "$file") id=$(text id "$file")
  name=$(printf 'records/%012d-%s.json' "${seq:-0}" "$id")
  [ "$file" = "$name" ] || bad "$file holds entry $seq, $id: records were exchanged."
  linked=$(awk -F '\t' -v seq="$seq" '$1 == seq { print $3 }' chain.tsv)
  if [ "$(hash_of "$file")" = "$linked" ]; then held='in the chain'; else held='NOT in the chain'; bad "$file is not what the chain holds as entry $seq."; fi
  [ "$(text person "$file")" = "$person" ] || bad "$file is about another person."
  [ "$(text tenant "$file")" = "$tenant" ] || bad "$file belongs to another tenant than the head."
  topic=$(text type "$file")
  for part in purpose channel; do
    value=$(text "$part" "$file")
    [ -z "$value" ] || topic="$topic, $value"
  done
  printf '\n       %s: %s\n       on %s, %s, entry %s, %s\n' "$topic" "$(text status "$file")" "$(date_of "$(number captured_at "$file")")" "$(text how "$file")" "$seq" "$held"

  worded=$(text text_hash "$file")
  if [ -z "$worded" ]; then
    if [ "$(text status "$file")" = withdrawn ]; then
      note 'no wording is tied to it: taking back needs none'
    else
      unworded=$((unworded + 1))
      note 'no wording is tied to it: nobody can say what was shown'
    fi
  else
    wording=$(awk -v hash="$worded" '$1 == hash && $2 ~ /^texts\/.*\.txt$/ { print $2; exit }' MANIFEST.sha256)
    if [ -f "$wording" ] && [ "$(hash_of "$wording")" = "$worded" ]; then ok "what was shown: $wording"; else bad "The wording of entry $seq is not in the bundle, or was edited."; fi
  fi

  sealed=$(text personal_hash "$file")
  if [ -z "$sealed" ]; then
    erased=$((erased + 1))
    note 'nothing was recorded of who it was by: the person had been erased, or others told of the act'
  elif [ ! -f "identity/$id.json" ]; then
    erased=$((erased + 1))
    note 'who it was by has been erased; the hash of it stays in the record'
  elif [ "$(hash_of "identity/$id.json")" = "$sealed" ]; then
    ok "who it was by, and how that was known: identity/$id.json"
  else
    bad "identity/$id.json is not what was sealed when the act was recorded."
  fi

  rendered=$(sed -n 's/.*\\"rendering\\":\\"\([0-9a-f]\{64\}\)\\".*/\1/p' "$file")
  if [ -n "$rendered" ]; then
    if [ ! -f "rendering/$rendered.html" ]; then
      note 'the page as it was rendered is not in the bundle; only its hash is proven'
    elif [ "$(hash_of "rendering/$rendered.html")" = "$rendered" ]; then
      ok "the page as it was rendered: rendering/$rendered.html"
    else
      bad "rendering/$rendered.html is not the page that was shown."
    fi
  fi
  signed=$(text document_hash "$file")
  [ -z "$signed" ] || note "signed with the document whose SHA-256 is $signed"
done
printf '\n'
[ "$records" -gt 0 ] && [ "$records" = "$expected" ] || bad "The bundle should hold $expected records and holds $records."

if [ -n "$document" ]; then
  mine=$(hash_of "$document")
  if grep -q "\"document_hash\":\"$mine\"" records/*.json; then ok 'the document that you hold is the one that was signed'; else bad 'The document that you hold is none of those that were signed.'; fi
fi

printf '== In words\n'
if [ "$faults" -gt 0 ]; then
  printf 'NOT PROVEN. %s found; see the lines that begin with FAULT.\n' "$([ "$faults" = 1 ] && printf 'One fault was' || printf '%s faults were' "$faults")"
  exit 1
fi
printf 'Proven: each record above stood in the ledger, word for word as it stands here, when its head was signed at %s.\n' "$head_at"
printf 'Proven: nothing between the first of them and that head was changed, removed or put in between since.\n'
[ "$stamped" = no ] || printf 'Proven: the head existed at %s, by the word of the time-stamping authority.\n' "$stamp_time"
[ "$trusted" = no ] || printf 'Proven: it was signed with the key that you trust.\n'
[ "$trusted" = yes ] || printf 'Not proven: whose key it is. Compare %s with what the server publishes, or use --key.\n' "$key_here"
[ "$stamped" = yes ] || printf "Not proven: when it was signed. That is the server's own word, as there is no time stamp that was checked.\n"
[ "$unworded" = 0 ] || printf 'Not proven: what was shown, for %s of the records.\n' "$unworded"
[ "$erased" = 0 ] || printf 'Not proven: who acted, for %s of the records.\n' "$erased"
printf "Not proven: that the person's other acts are all here, which is the server's word; and that what was recorded is what happened.\n"
exit 0
