# Sourced by ./start --demo: a livestream with a moving picture and sound, for a first look.

missing_for_demo() {
  has_command ffmpeg || echo ffmpeg
  has_command curl || echo curl
  # The picture shows the time of day in letters.
  [ -f /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf ] || echo fonts-dejavu-core
}

# demo_data_folder PROGRAM [ARGUMENT...]: the data folder that the server will use; fails as the server would.
demo_data_folder() {
  local config
  config=$(dotnet "$@" --print-config)
  sed -n 's/^data = \(.*\)  # .*$/\1/p' <<<"$config"
}

# json_text NAME: the first text of that name in the JSON on standard input. For our own answers, which escape no quotes there.
json_text() {
  grep -o "\"$1\": *\"[^\"]*\"" | head -n 1 | sed 's/^"[^"]*": *"//; s/"$//'
}

# demo_livestream HTTP DATA: finds the demo's livestream, or makes it; prints its id and its stream key.
demo_livestream() {
  local http=$1 data=$2 account app token base kept=$2/demo.json answer
  account=$(json_text account_id <"$data/credentials.json")
  app=$(json_text app_id <"$data/credentials.json")
  token=$(json_text api_token <"$data/credentials.json")
  base=$http/client/v4/accounts/$account/realtime/kit/$app/livestreams

  # The token goes in on standard input, so that a list of processes does not show it.
  request() { curl --silent --show-error --fail --max-time 10 --config - "$@" <<<"header = \"Authorization: Bearer $token\""; }
  if [ -f "$kept" ] && answer=$(request "$base/$(json_text id <"$kept")" 2>/dev/null); then
    : # The livestream of an earlier demo.
  else
    answer=$(request -H 'Content-Type: application/json' -d '{"name": "Demo"}' "$base")
    (umask 077 && printf '%s\n' "$answer" >"$kept")
  fi
  printf '%s %s\n' "$(json_text id <<<"$answer")" "$(json_text stream_key <<<"$answer")"
}

# cover SECRET: passes standard input on, line by line, with dots for the secret.
cover() {
  local secret=$1 line
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "${line//"$secret"/...}"
  done
}

# demo_feed SERVER KEY: a test picture with a clock, 720p at 30 frames, a keyframe each 2 s, and a tone with a beep each second.
# What the encoder complains of names the address it sends to, with the key.
demo_feed() {
  exec ffmpeg -hide_banner -loglevel error -nostdin -re \
    -f lavfi -i 'testsrc2=size=1280x720:rate=30' \
    -f lavfi -i 'sine=frequency=220:beep_factor=4:sample_rate=48000' \
    -vf "drawtext=fontfile=/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf:text='%{localtime\:%H\\\\\:%M\\\\\:%S}':fontsize=96:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=16:x=(w-text_w)/2:y=h-2*text_h" \
    -c:v libx264 -preset veryfast -tune zerolatency -profile:v high -pix_fmt yuv420p -b:v 2500k -maxrate 2500k -bufsize 5000k -g 60 -keyint_min 60 -sc_threshold 0 \
    -c:a aac -b:a 128k -ac 2 -f flv "$1/$2" 2> >(cover "$2" >&2)
}

# demo_beside_server DATA: passes on what the server prints (standard input), and runs the demo from the ready line to the end.
demo_beside_server() {
  local data=$1 line http rtmp id key feed=
  # Ctrl-C reaches everybody at once; the server ends first, and this follows when its output closes.
  trap '' INT
  while IFS= read -r line; do
    printf '%s\n' "$line"
    if [[ $line == ready\ * ]]; then
      read -r _ http _ rtmp <<<"$line"
      if read -r id key < <(demo_livestream "$http" "$data") && [ -n "$key" ]; then
        demo_feed "$rtmp/live" "$key" </dev/null &
        feed=$!
        printf 'watch %s/watch/%s\n' "$http" "$id"
      else
        echo "The demo's livestream could not be made." >&2
      fi
    fi
  done
  [ -z "$feed" ] || kill "$feed" 2>/dev/null || true
  wait
}
