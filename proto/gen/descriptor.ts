/** Made by scripts/genProto.ts. Do not edit. */
export const descriptor: object = {
 "nested": {
  "aivm": {
   "nested": {
    "artifact": {
     "nested": {
      "v1": {
       "nested": {
        "TensorDecl": {
         "fields": {
          "dtype": {
           "type": "uint32",
           "id": 1
          },
          "shape": {
           "rule": "repeated",
           "type": "uint32",
           "id": 2
          },
          "lo": {
           "type": "sint32",
           "id": 3
          },
          "hi": {
           "type": "sint32",
           "id": 4
          }
         }
        },
        "OperandRef": {
         "fields": {
          "kind": {
           "type": "uint32",
           "id": 1
          },
          "index": {
           "type": "uint32",
           "id": 2
          }
         }
        },
        "OpDescriptor": {
         "fields": {
          "opcode": {
           "type": "uint32",
           "id": 1
          },
          "operands": {
           "rule": "repeated",
           "type": "OperandRef",
           "id": 2
          },
          "output": {
           "type": "TensorDecl",
           "id": 3
          },
          "attrs": {
           "rule": "repeated",
           "type": "sint32",
           "id": 4
          }
         }
        },
        "InputDecl": {
         "fields": {
          "name": {
           "type": "string",
           "id": 1
          },
          "type": {
           "type": "TensorDecl",
           "id": 2
          },
          "scale": {
           "type": "double",
           "id": 3
          },
          "zero": {
           "type": "sint32",
           "id": 4
          },
          "ingest": {
           "type": "string",
           "id": 5
          }
         }
        },
        "OutputDecl": {
         "fields": {
          "name": {
           "type": "string",
           "id": 1
          },
          "source": {
           "type": "OperandRef",
           "id": 2
          },
          "scale": {
           "type": "double",
           "id": 3
          },
          "zero": {
           "type": "sint32",
           "id": 4
          }
         }
        },
        "Meta": {
         "fields": {
          "specVersion": {
           "type": "uint32",
           "id": 1,
           "protoName": "spec_version"
          },
          "name": {
           "type": "string",
           "id": 2
          },
          "inputs": {
           "rule": "repeated",
           "type": "InputDecl",
           "id": 3
          },
          "constants": {
           "rule": "repeated",
           "type": "TensorDecl",
           "id": 4
          },
          "outputs": {
           "rule": "repeated",
           "type": "OutputDecl",
           "id": 5
          },
          "precision": {
           "type": "string",
           "id": 6
          },
          "card": {
           "type": "string",
           "id": 7
          }
         }
        },
        "ArtifactHeader": {
         "fields": {
          "descriptors": {
           "rule": "repeated",
           "type": "bytes",
           "id": 1
          },
          "meta": {
           "type": "bytes",
           "id": 2
          },
          "constantRoots": {
           "rule": "repeated",
           "type": "bytes",
           "id": 3,
           "protoName": "constant_roots"
          }
         }
        },
        "OperandOpening": {
         "fields": {
          "chunks": {
           "rule": "repeated",
           "type": "uint32",
           "id": 1
          },
          "data": {
           "type": "bytes",
           "id": 2
          },
          "siblings": {
           "type": "bytes",
           "id": 3
          },
          "path": {
           "type": "bytes",
           "id": 4
          }
         }
        },
        "ElementWitness": {
         "fields": {
          "operands": {
           "rule": "repeated",
           "type": "OperandOpening",
           "id": 1
          }
         }
        }
       }
      }
     }
    },
    "dispute": {
     "nested": {
      "v1": {
       "nested": {
        "SlotOpening": {
         "fields": {
          "slot": {
           "type": "uint32",
           "id": 1
          },
          "root": {
           "type": "bytes",
           "id": 2
          },
          "path": {
           "rule": "repeated",
           "type": "bytes",
           "id": 3
          }
         }
        },
        "MsgJoin": {
         "fields": {
          "challenger": {
           "type": "string",
           "id": 1
          },
          "requestId": {
           "type": "bytes",
           "id": 2,
           "protoName": "request_id"
          },
          "commitment": {
           "type": "bytes",
           "id": 3
          }
         }
        },
        "MsgJoinResponse": {
         "fields": {}
        },
        "MsgRevealJoin": {
         "fields": {
          "challenger": {
           "type": "string",
           "id": 1
          },
          "requestId": {
           "type": "bytes",
           "id": 2,
           "protoName": "request_id"
          },
          "output": {
           "type": "bytes",
           "id": 3
          },
          "traceRoot": {
           "type": "bytes",
           "id": 4,
           "protoName": "trace_root"
          },
          "salt": {
           "type": "bytes",
           "id": 5
          },
          "inputSlot": {
           "type": "SlotOpening",
           "id": 6,
           "protoName": "input_slot"
          },
          "outputSlot": {
           "type": "SlotOpening",
           "id": 7,
           "protoName": "output_slot"
          },
          "payee": {
           "type": "bytes",
           "id": 8
          }
         }
        },
        "MsgRevealJoinResponse": {
         "fields": {
          "claim": {
           "type": "uint32",
           "id": 1
          }
         }
        },
        "MsgPostTraceRoot": {
         "fields": {
          "signer": {
           "type": "string",
           "id": 1
          },
          "requestId": {
           "type": "bytes",
           "id": 2,
           "protoName": "request_id"
          },
          "traceRoot": {
           "type": "bytes",
           "id": 3,
           "protoName": "trace_root"
          },
          "inputSlot": {
           "type": "SlotOpening",
           "id": 4,
           "protoName": "input_slot"
          },
          "outputSlot": {
           "type": "SlotOpening",
           "id": 5,
           "protoName": "output_slot"
          },
          "children": {
           "rule": "repeated",
           "type": "bytes",
           "id": 6
          }
         }
        },
        "MsgPostTraceRootResponse": {
         "fields": {}
        },
        "MsgOpenNode": {
         "fields": {
          "sender": {
           "type": "string",
           "id": 1
          },
          "matchId": {
           "type": "bytes",
           "id": 2,
           "protoName": "match_id"
          },
          "claim": {
           "type": "uint32",
           "id": 3
          },
          "level": {
           "type": "uint32",
           "id": 4
          },
          "leftHash": {
           "type": "bytes",
           "id": 5,
           "protoName": "left_hash"
          },
          "rightHash": {
           "type": "bytes",
           "id": 6,
           "protoName": "right_hash"
          },
          "children": {
           "rule": "repeated",
           "type": "bytes",
           "id": 7
          },
          "nextChildren": {
           "rule": "repeated",
           "type": "bytes",
           "id": 8,
           "protoName": "next_children"
          }
         }
        },
        "MsgOpenNodeResponse": {
         "fields": {
          "applied": {
           "type": "bool",
           "id": 1
          }
         }
        },
        "MsgProveElement": {
         "fields": {
          "sender": {
           "type": "string",
           "id": 1
          },
          "matchId": {
           "type": "bytes",
           "id": 2,
           "protoName": "match_id"
          },
          "level": {
           "type": "uint32",
           "id": 3
          },
          "leftHash": {
           "type": "bytes",
           "id": 4,
           "protoName": "left_hash"
          },
          "rightHash": {
           "type": "bytes",
           "id": 5,
           "protoName": "right_hash"
          },
          "witness": {
           "type": "bytes",
           "id": 6
          },
          "claim": {
           "type": "uint32",
           "id": 7
          },
          "slots": {
           "rule": "repeated",
           "type": "SlotOpening",
           "id": 8
          }
         }
        },
        "MsgProveElementResponse": {
         "fields": {
          "decided": {
           "type": "bool",
           "id": 1
          }
         }
        },
        "MsgTimeout": {
         "fields": {
          "sender": {
           "type": "string",
           "id": 1
          },
          "matchId": {
           "type": "bytes",
           "id": 2,
           "protoName": "match_id"
          }
         }
        },
        "MsgTimeoutResponse": {
         "fields": {
          "applied": {
           "type": "bool",
           "id": 1
          }
         }
        },
        "DisputeStatus": {
         "values": {
          "DISPUTE_STATUS_UNSPECIFIED": 0,
          "DISPUTE_STATUS_OPEN": 1,
          "DISPUTE_STATUS_FINAL": 2,
          "DISPUTE_STATUS_VOID": 3
         }
        },
        "ClaimStatus": {
         "values": {
          "CLAIM_STATUS_UNSPECIFIED": 0,
          "CLAIM_STATUS_ALIVE": 1,
          "CLAIM_STATUS_LOST": 2,
          "CLAIM_STATUS_MERGED": 3
         }
        },
        "LossReason": {
         "values": {
          "LOSS_REASON_UNSPECIFIED": 0,
          "LOSS_REASON_TIMEOUT": 1,
          "LOSS_REASON_ELEMENT": 2,
          "LOSS_REASON_OUTPUT": 3,
          "LOSS_REASON_PADDING": 4,
          "LOSS_REASON_MALFORMED": 5,
          "LOSS_REASON_COPY": 6
         }
        },
        "MatchStatus": {
         "values": {
          "MATCH_STATUS_UNSPECIFIED": 0,
          "MATCH_STATUS_OPEN": 1,
          "MATCH_STATUS_OVER": 2
         }
        },
        "MatchStage": {
         "values": {
          "MATCH_STAGE_UNSPECIFIED": 0,
          "MATCH_STAGE_TRACE_ROOT": 1,
          "MATCH_STAGE_OPS": 2,
          "MATCH_STAGE_ITEM": 3,
          "MATCH_STAGE_TILES": 4,
          "MATCH_STAGE_CHUNK": 5,
          "MATCH_STAGE_ELEMENT": 6,
          "MATCH_STAGE_OUTPUT": 7,
          "MATCH_STAGE_COPY": 8
         }
        },
        "GameRules": {
         "fields": {
          "windowMs": {
           "type": "uint64",
           "id": 1,
           "protoName": "window_ms"
          },
          "clockMs": {
           "type": "uint64",
           "id": 2,
           "protoName": "clock_ms"
          },
          "levelMs": {
           "type": "uint64",
           "id": 3,
           "protoName": "level_ms"
          },
          "revealBlocks": {
           "type": "uint64",
           "id": 4,
           "protoName": "reveal_blocks"
          },
          "arityLog2": {
           "type": "uint32",
           "id": 5,
           "protoName": "arity_log2"
          },
          "slots": {
           "type": "uint32",
           "id": 6
          },
          "bondUaivm": {
           "type": "uint64",
           "id": 7,
           "protoName": "bond_uaivm"
          },
          "flatRivals": {
           "type": "uint32",
           "id": 8,
           "protoName": "flat_rivals"
          }
         }
        },
        "Dispute": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          },
          "modelId": {
           "type": "bytes",
           "id": 2,
           "protoName": "model_id"
          },
          "inputRoot": {
           "type": "bytes",
           "id": 3,
           "protoName": "input_root"
          },
          "generation": {
           "type": "uint32",
           "id": 4
          },
          "status": {
           "type": "DisputeStatus",
           "id": 5
          },
          "rules": {
           "type": "GameRules",
           "id": 6
          },
          "claims": {
           "type": "uint32",
           "id": 7
          },
          "matches": {
           "type": "uint32",
           "id": 8
          },
          "joins": {
           "type": "uint32",
           "id": 9
          },
          "openedMs": {
           "type": "uint64",
           "id": 10,
           "protoName": "opened_ms"
          },
          "bondedUaivm": {
           "type": "uint64",
           "id": 11,
           "protoName": "bonded_uaivm"
          },
          "burnedUaivm": {
           "type": "uint64",
           "id": 12,
           "protoName": "burned_uaivm"
          },
          "paidUaivm": {
           "type": "uint64",
           "id": 13,
           "protoName": "paid_uaivm"
          },
          "poolUaivm": {
           "type": "uint64",
           "id": 14,
           "protoName": "pool_uaivm"
          }
         }
        },
        "ClaimMember": {
         "fields": {
          "address": {
           "type": "string",
           "id": 1
          },
          "payee": {
           "type": "bytes",
           "id": 2
          },
          "bondUaivm": {
           "type": "uint64",
           "id": 3,
           "protoName": "bond_uaivm"
          },
          "committedHeight": {
           "type": "uint64",
           "id": 4,
           "protoName": "committed_height"
          }
         }
        },
        "Claim": {
         "fields": {
          "index": {
           "type": "uint32",
           "id": 1
          },
          "members": {
           "rule": "repeated",
           "type": "ClaimMember",
           "id": 2
          },
          "outputRoot": {
           "type": "bytes",
           "id": 3,
           "protoName": "output_root"
          },
          "traceRoot": {
           "type": "bytes",
           "id": 4,
           "protoName": "trace_root"
          },
          "status": {
           "type": "ClaimStatus",
           "id": 5
          },
          "loss": {
           "type": "LossReason",
           "id": 6
          },
          "publicMs": {
           "type": "uint64",
           "id": 7,
           "protoName": "public_ms"
          },
          "revealedHeight": {
           "type": "uint64",
           "id": 8,
           "protoName": "revealed_height"
          },
          "wonUaivm": {
           "type": "uint64",
           "id": 9,
           "protoName": "won_uaivm"
          }
         }
        },
        "Join": {
         "fields": {
          "challenger": {
           "type": "string",
           "id": 1
          },
          "commitment": {
           "type": "bytes",
           "id": 2
          },
          "bondUaivm": {
           "type": "uint64",
           "id": 3,
           "protoName": "bond_uaivm"
          },
          "committedHeight": {
           "type": "uint64",
           "id": 4,
           "protoName": "committed_height"
          },
          "number": {
           "type": "uint32",
           "id": 5
          }
         }
        },
        "MatchSide": {
         "fields": {
          "claim": {
           "type": "uint32",
           "id": 1
          },
          "hash": {
           "type": "bytes",
           "id": 2
          },
          "opening": {
           "rule": "repeated",
           "type": "bytes",
           "id": 3
          },
          "clockMs": {
           "type": "uint64",
           "id": 4,
           "protoName": "clock_ms"
          },
          "out": {
           "type": "bool",
           "id": 5
          },
          "value": {
           "type": "sint32",
           "id": 6
          }
         }
        },
        "MatchStep": {
         "fields": {
          "leftHash": {
           "type": "bytes",
           "id": 1,
           "protoName": "left_hash"
          },
          "rightHash": {
           "type": "bytes",
           "id": 2,
           "protoName": "right_hash"
          }
         }
        },
        "Match": {
         "fields": {
          "id": {
           "type": "bytes",
           "id": 1
          },
          "requestId": {
           "type": "bytes",
           "id": 2,
           "protoName": "request_id"
          },
          "number": {
           "type": "uint32",
           "id": 3
          },
          "status": {
           "type": "MatchStatus",
           "id": 4
          },
          "stage": {
           "type": "MatchStage",
           "id": 5
          },
          "level": {
           "type": "uint32",
           "id": 6
          },
          "height": {
           "type": "uint32",
           "id": 7
          },
          "node": {
           "type": "uint32",
           "id": 8
          },
          "left": {
           "type": "MatchSide",
           "id": 9
          },
          "right": {
           "type": "MatchSide",
           "id": 10
          },
          "sinceMs": {
           "type": "uint64",
           "id": 11,
           "protoName": "since_ms"
          },
          "steps": {
           "rule": "repeated",
           "type": "MatchStep",
           "id": 12
          },
          "slot": {
           "type": "uint32",
           "id": 13
          },
          "chunk": {
           "type": "uint32",
           "id": 14
          },
          "element": {
           "type": "uint32",
           "id": 15
          },
          "moves": {
           "type": "uint32",
           "id": 16
          },
          "openedHeight": {
           "type": "uint64",
           "id": 17,
           "protoName": "opened_height"
          }
         }
        },
        "DisputeClock": {
         "fields": {
          "nowMs": {
           "type": "uint64",
           "id": 1,
           "protoName": "now_ms"
          },
          "headerMs": {
           "type": "uint64",
           "id": 2,
           "protoName": "header_ms"
          }
         }
        },
        "Params": {
         "fields": {
          "clockMs": {
           "type": "uint64",
           "id": 1,
           "protoName": "clock_ms"
          },
          "levelMs": {
           "type": "uint64",
           "id": 2,
           "protoName": "level_ms"
          },
          "revealBlocks": {
           "type": "uint64",
           "id": 3,
           "protoName": "reveal_blocks"
          },
          "arityLog2": {
           "type": "uint32",
           "id": 4,
           "protoName": "arity_log2"
          },
          "blockIntervalMs": {
           "type": "uint64",
           "id": 5,
           "protoName": "block_interval_ms"
          },
          "bondFactor": {
           "type": "uint32",
           "id": 6,
           "protoName": "bond_factor"
          },
          "gasPerMove": {
           "type": "uint64",
           "id": 7,
           "protoName": "gas_per_move"
          },
          "witnessGas": {
           "type": "uint64",
           "id": 8,
           "protoName": "witness_gas"
          },
          "gasPriceMicro": {
           "type": "uint64",
           "id": 9,
           "protoName": "gas_price_micro"
          },
          "gigaVmGasUaivm": {
           "type": "uint64",
           "id": 10,
           "protoName": "giga_vm_gas_uaivm"
          },
          "minBondUaivm": {
           "type": "uint64",
           "id": 11,
           "protoName": "min_bond_uaivm"
          },
          "flatRivals": {
           "type": "uint32",
           "id": 12,
           "protoName": "flat_rivals"
          }
         }
        },
        "Deadline": {
         "fields": {
          "matchId": {
           "type": "bytes",
           "id": 1,
           "protoName": "match_id"
          },
          "claim": {
           "type": "uint32",
           "id": 2
          },
          "atMs": {
           "type": "uint64",
           "id": 3,
           "protoName": "at_ms"
          },
          "blocks": {
           "type": "uint64",
           "id": 4
          }
         }
        },
        "QueryDisputeRequest": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          }
         }
        },
        "QueryDisputeResponse": {
         "fields": {
          "dispute": {
           "type": "Dispute",
           "id": 1
          },
          "claims": {
           "rule": "repeated",
           "type": "Claim",
           "id": 2
          },
          "outputs": {
           "rule": "repeated",
           "type": "bytes",
           "id": 3
          },
          "joins": {
           "rule": "repeated",
           "type": "Join",
           "id": 4
          },
          "matches": {
           "rule": "repeated",
           "type": "Match",
           "id": 5
          },
          "nowMs": {
           "type": "uint64",
           "id": 6,
           "protoName": "now_ms"
          },
          "height": {
           "type": "uint64",
           "id": 7
          },
          "joinable": {
           "type": "bool",
           "id": 8
          },
          "joinableUntilMs": {
           "type": "uint64",
           "id": 9,
           "protoName": "joinable_until_ms"
          },
          "joinBondUaivm": {
           "type": "uint64",
           "id": 10,
           "protoName": "join_bond_uaivm"
          },
          "deadlines": {
           "rule": "repeated",
           "type": "Deadline",
           "id": 11
          },
          "blockIntervalMs": {
           "type": "uint64",
           "id": 12,
           "protoName": "block_interval_ms"
          }
         }
        },
        "QueryMatchRequest": {
         "fields": {
          "matchId": {
           "type": "bytes",
           "id": 1,
           "protoName": "match_id"
          }
         }
        },
        "QueryMatchResponse": {
         "fields": {
          "match": {
           "type": "Match",
           "id": 1
          }
         }
        },
        "QueryBoundsRequest": {
         "fields": {
          "modelId": {
           "type": "bytes",
           "id": 1,
           "protoName": "model_id"
          },
          "windowMs": {
           "type": "uint64",
           "id": 2,
           "protoName": "window_ms"
          },
          "rivals": {
           "type": "uint32",
           "id": 3
          }
         }
        },
        "QueryBoundsResponse": {
         "fields": {
          "opLevels": {
           "type": "uint32",
           "id": 1,
           "protoName": "op_levels"
          },
          "tileLevels": {
           "type": "uint32",
           "id": 2,
           "protoName": "tile_levels"
          },
          "moves": {
           "type": "uint32",
           "id": 3
          },
          "replayMs": {
           "type": "uint64",
           "id": 4,
           "protoName": "replay_ms"
          },
          "matchMs": {
           "type": "uint64",
           "id": 5,
           "protoName": "match_ms"
          },
          "longestMatchMs": {
           "type": "uint64",
           "id": 6,
           "protoName": "longest_match_ms"
          },
          "claimBondUaivm": {
           "type": "uint64",
           "id": 7,
           "protoName": "claim_bond_uaivm"
          },
          "worstCaseMs": {
           "type": "uint64",
           "id": 8,
           "protoName": "worst_case_ms"
          },
          "formula": {
           "type": "string",
           "id": 9
          }
         }
        },
        "QueryParamsRequest": {
         "fields": {}
        },
        "QueryParamsResponse": {
         "fields": {
          "params": {
           "type": "Params",
           "id": 1
          }
         }
        }
       }
      }
     }
    },
    "inference": {
     "nested": {
      "v1": {
       "nested": {
        "RequestStatus": {
         "values": {
          "REQUEST_STATUS_UNSPECIFIED": 0,
          "REQUEST_STATUS_OPEN": 1,
          "REQUEST_STATUS_COMMITTED": 2,
          "REQUEST_STATUS_ACCEPTED": 3,
          "REQUEST_STATUS_DISPUTED": 4,
          "REQUEST_STATUS_FINAL": 5,
          "REQUEST_STATUS_EXPIRED": 6
         }
        },
        "EvmOrigin": {
         "fields": {
          "evmChainId": {
           "type": "uint64",
           "id": 1,
           "protoName": "evm_chain_id"
          },
          "oracle": {
           "type": "bytes",
           "id": 2
          },
          "evmRequestId": {
           "type": "bytes",
           "id": 3,
           "protoName": "evm_request_id"
          },
          "requestHash": {
           "type": "bytes",
           "id": 4,
           "protoName": "request_hash"
          },
          "evmDeadlineS": {
           "type": "uint64",
           "id": 5,
           "protoName": "evm_deadline_s"
          }
         }
        },
        "Request": {
         "fields": {
          "id": {
           "type": "bytes",
           "id": 1
          },
          "sequence": {
           "type": "uint64",
           "id": 2
          },
          "modelId": {
           "type": "bytes",
           "id": 3,
           "protoName": "model_id"
          },
          "inputRoot": {
           "type": "bytes",
           "id": 4,
           "protoName": "input_root"
          },
          "seed": {
           "type": "bytes",
           "id": 5
          },
          "maxTokens": {
           "type": "uint32",
           "id": 6,
           "protoName": "max_tokens"
          },
          "tier": {
           "type": "uint32",
           "id": 7
          },
          "feeUaivm": {
           "type": "uint64",
           "id": 8,
           "protoName": "fee_uaivm"
          },
          "valueAtRiskUaivm": {
           "type": "uint64",
           "id": 9,
           "protoName": "value_at_risk_uaivm"
          },
          "windowMs": {
           "type": "uint64",
           "id": 10,
           "protoName": "window_ms"
          },
          "deadlineMs": {
           "type": "uint64",
           "id": 11,
           "protoName": "deadline_ms"
          },
          "eagerTrace": {
           "type": "bool",
           "id": 12,
           "protoName": "eager_trace"
          },
          "requester": {
           "type": "string",
           "id": 13
          },
          "origin": {
           "type": "EvmOrigin",
           "id": 14
          },
          "status": {
           "type": "RequestStatus",
           "id": 15
          },
          "openedHeight": {
           "type": "uint64",
           "id": 16,
           "protoName": "opened_height"
          },
          "assigned": {
           "type": "string",
           "id": 17
          },
          "openToAllHeight": {
           "type": "uint64",
           "id": 18,
           "protoName": "open_to_all_height"
          },
          "reopened": {
           "type": "uint32",
           "id": 19
          },
          "committer": {
           "type": "string",
           "id": 20
          },
          "commitment": {
           "type": "bytes",
           "id": 21
          },
          "committedHeight": {
           "type": "uint64",
           "id": 22,
           "protoName": "committed_height"
          },
          "acceptedHeight": {
           "type": "uint64",
           "id": 23,
           "protoName": "accepted_height"
          },
          "acceptedTimeMs": {
           "type": "uint64",
           "id": 24,
           "protoName": "accepted_time_ms"
          },
          "excluded": {
           "rule": "repeated",
           "type": "string",
           "id": 25
          },
          "lockedUaivm": {
           "type": "uint64",
           "id": 26,
           "protoName": "locked_uaivm"
          },
          "expiredReason": {
           "type": "string",
           "id": 27,
           "protoName": "expired_reason"
          }
         }
        },
        "Result": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          },
          "modelId": {
           "type": "bytes",
           "id": 2,
           "protoName": "model_id"
          },
          "inputRoot": {
           "type": "bytes",
           "id": 3,
           "protoName": "input_root"
          },
          "outputRoot": {
           "type": "bytes",
           "id": 4,
           "protoName": "output_root"
          },
          "output": {
           "type": "bytes",
           "id": 5
          },
          "outputKeccak": {
           "type": "bytes",
           "id": 6,
           "protoName": "output_keccak"
          },
          "traceRoot": {
           "type": "bytes",
           "id": 7,
           "protoName": "trace_root"
          },
          "runner": {
           "type": "string",
           "id": 8
          },
          "payee": {
           "type": "bytes",
           "id": 9
          },
          "tier": {
           "type": "uint32",
           "id": 10
          },
          "acceptedHeight": {
           "type": "uint64",
           "id": 11,
           "protoName": "accepted_height"
          },
          "finalHeight": {
           "type": "uint64",
           "id": 12,
           "protoName": "final_height"
          }
         }
        },
        "MsgRequestInference": {
         "fields": {
          "requester": {
           "type": "string",
           "id": 1
          },
          "modelId": {
           "type": "bytes",
           "id": 2,
           "protoName": "model_id"
          },
          "input": {
           "type": "bytes",
           "id": 3
          },
          "seed": {
           "type": "bytes",
           "id": 4
          },
          "maxTokens": {
           "type": "uint32",
           "id": 5,
           "protoName": "max_tokens"
          },
          "tier": {
           "type": "uint32",
           "id": 6
          },
          "feeUaivm": {
           "type": "uint64",
           "id": 7,
           "protoName": "fee_uaivm"
          },
          "valueAtRiskUaivm": {
           "type": "uint64",
           "id": 8,
           "protoName": "value_at_risk_uaivm"
          },
          "windowMs": {
           "type": "uint64",
           "id": 9,
           "protoName": "window_ms"
          },
          "deadlineMs": {
           "type": "uint64",
           "id": 10,
           "protoName": "deadline_ms"
          },
          "eagerTrace": {
           "type": "bool",
           "id": 11,
           "protoName": "eager_trace"
          }
         }
        },
        "MsgRequestInferenceResponse": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          }
         }
        },
        "MsgCommitResult": {
         "fields": {
          "runner": {
           "type": "string",
           "id": 1
          },
          "requestId": {
           "type": "bytes",
           "id": 2,
           "protoName": "request_id"
          },
          "commitment": {
           "type": "bytes",
           "id": 3
          }
         }
        },
        "MsgCommitResultResponse": {
         "fields": {}
        },
        "MsgRevealResult": {
         "fields": {
          "runner": {
           "type": "string",
           "id": 1
          },
          "requestId": {
           "type": "bytes",
           "id": 2,
           "protoName": "request_id"
          },
          "salt": {
           "type": "bytes",
           "id": 3
          },
          "output": {
           "type": "bytes",
           "id": 4
          }
         }
        },
        "MsgRevealResultResponse": {
         "fields": {
          "outputRoot": {
           "type": "bytes",
           "id": 1,
           "protoName": "output_root"
          }
         }
        },
        "QueryRequestRequest": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          }
         }
        },
        "QueryRequestResponse": {
         "fields": {
          "request": {
           "type": "Request",
           "id": 1
          }
         }
        },
        "QueryRequestsRequest": {
         "fields": {
          "status": {
           "type": "RequestStatus",
           "id": 1
          },
          "limit": {
           "type": "uint32",
           "id": 2
          },
          "startAfter": {
           "type": "uint64",
           "id": 3,
           "protoName": "start_after"
          }
         }
        },
        "QueryRequestsResponse": {
         "fields": {
          "requests": {
           "rule": "repeated",
           "type": "Request",
           "id": 1
          }
         }
        },
        "QueryInputRequest": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          }
         }
        },
        "QueryInputResponse": {
         "fields": {
          "input": {
           "type": "bytes",
           "id": 1
          }
         }
        },
        "QueryResultRequest": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          }
         }
        },
        "QueryResultResponse": {
         "fields": {
          "result": {
           "type": "Result",
           "id": 1
          }
         }
        },
        "Params": {
         "fields": {
          "windowMs": {
           "type": "uint64",
           "id": 1,
           "protoName": "window_ms"
          },
          "assignBlocks": {
           "type": "uint64",
           "id": 2,
           "protoName": "assign_blocks"
          },
          "revealBlocks": {
           "type": "uint64",
           "id": 3,
           "protoName": "reveal_blocks"
          },
          "unrevealedPenaltyBps": {
           "type": "uint32",
           "id": 4,
           "protoName": "unrevealed_penalty_bps"
          },
          "minFeeUaivm": {
           "type": "uint64",
           "id": 5,
           "protoName": "min_fee_uaivm"
          },
          "maxInputBytes": {
           "type": "uint32",
           "id": 6,
           "protoName": "max_input_bytes"
          },
          "maxOutputBytes": {
           "type": "uint32",
           "id": 7,
           "protoName": "max_output_bytes"
          },
          "maxReopened": {
           "type": "uint32",
           "id": 8,
           "protoName": "max_reopened"
          },
          "validatorsBps": {
           "type": "uint32",
           "id": 9,
           "protoName": "validators_bps"
          },
          "auditBps": {
           "type": "uint32",
           "id": 10,
           "protoName": "audit_bps"
          },
          "maxOpenMs": {
           "type": "uint64",
           "id": 11,
           "protoName": "max_open_ms"
          },
          "blockIntervalMs": {
           "type": "uint64",
           "id": 12,
           "protoName": "block_interval_ms"
          }
         }
        },
        "QueryParamsRequest": {
         "fields": {}
        },
        "QueryParamsResponse": {
         "fields": {
          "params": {
           "type": "Params",
           "id": 1
          }
         }
        }
       }
      }
     }
    },
    "model": {
     "nested": {
      "v1": {
       "nested": {
        "ModelStatus": {
         "values": {
          "MODEL_STATUS_UNSPECIFIED": 0,
          "MODEL_STATUS_REGISTERED": 1,
          "MODEL_STATUS_ACTIVE": 2,
          "MODEL_STATUS_INVALID": 3
         }
        },
        "ConstantDecl": {
         "fields": {
          "dtype": {
           "type": "uint32",
           "id": 1
          },
          "shape": {
           "rule": "repeated",
           "type": "uint32",
           "id": 2
          },
          "root": {
           "type": "bytes",
           "id": 3
          }
         }
        },
        "Model": {
         "fields": {
          "modelId": {
           "type": "bytes",
           "id": 1,
           "protoName": "model_id"
          },
          "registrar": {
           "type": "string",
           "id": 2
          },
          "status": {
           "type": "ModelStatus",
           "id": 3
          },
          "registeredHeight": {
           "type": "uint64",
           "id": 4,
           "protoName": "registered_height"
          },
          "vmGas": {
           "type": "uint64",
           "id": 5,
           "protoName": "vm_gas"
          },
          "artifactBytes": {
           "type": "uint64",
           "id": 6,
           "protoName": "artifact_bytes"
          },
          "replayMs": {
           "type": "uint64",
           "id": 7,
           "protoName": "replay_ms"
          },
          "royaltyBps": {
           "type": "uint32",
           "id": 8,
           "protoName": "royalty_bps"
          },
          "feeUaivm": {
           "type": "uint64",
           "id": 9,
           "protoName": "fee_uaivm"
          },
          "bondUaivm": {
           "type": "uint64",
           "id": 10,
           "protoName": "bond_uaivm"
          },
          "weightsRoot": {
           "type": "bytes",
           "id": 11,
           "protoName": "weights_root"
          },
          "epoch": {
           "type": "uint64",
           "id": 12
          },
          "attesters": {
           "rule": "repeated",
           "type": "string",
           "id": 13
          },
          "name": {
           "type": "string",
           "id": 14
          }
         }
        },
        "RegisteredProgram": {
         "fields": {
          "descriptors": {
           "rule": "repeated",
           "type": "bytes",
           "id": 1
          },
          "constants": {
           "rule": "repeated",
           "type": "ConstantDecl",
           "id": 2
          },
          "meta": {
           "type": "bytes",
           "id": 3
          }
         }
        },
        "Serving": {
         "fields": {
          "runner": {
           "type": "string",
           "id": 1
          },
          "modelId": {
           "type": "bytes",
           "id": 2,
           "protoName": "model_id"
          },
          "declaredHeight": {
           "type": "uint64",
           "id": 3,
           "protoName": "declared_height"
          },
          "provedEpoch": {
           "type": "uint64",
           "id": 4,
           "protoName": "proved_epoch"
          },
          "draw": {
           "type": "bytes",
           "id": 5
          }
         }
        },
        "MsgRegisterModel": {
         "fields": {
          "registrar": {
           "type": "string",
           "id": 1
          },
          "program": {
           "type": "RegisteredProgram",
           "id": 2
          },
          "artifactBytes": {
           "type": "uint64",
           "id": 3,
           "protoName": "artifact_bytes"
          },
          "royaltyBps": {
           "type": "uint32",
           "id": 4,
           "protoName": "royalty_bps"
          },
          "feeUaivm": {
           "type": "uint64",
           "id": 5,
           "protoName": "fee_uaivm"
          },
          "bondUaivm": {
           "type": "uint64",
           "id": 6,
           "protoName": "bond_uaivm"
          }
         }
        },
        "MsgRegisterModelResponse": {
         "fields": {
          "modelId": {
           "type": "bytes",
           "id": 1,
           "protoName": "model_id"
          }
         }
        },
        "MsgServeModel": {
         "fields": {
          "runner": {
           "type": "string",
           "id": 1
          },
          "modelId": {
           "type": "bytes",
           "id": 2,
           "protoName": "model_id"
          }
         }
        },
        "MsgServeModelResponse": {
         "fields": {}
        },
        "MsgProveModel": {
         "fields": {
          "runner": {
           "type": "string",
           "id": 1
          },
          "modelId": {
           "type": "bytes",
           "id": 2,
           "protoName": "model_id"
          },
          "chunk": {
           "type": "bytes",
           "id": 3
          },
          "path": {
           "rule": "repeated",
           "type": "bytes",
           "id": 4
          }
         }
        },
        "MsgProveModelResponse": {
         "fields": {
          "active": {
           "type": "bool",
           "id": 1
          }
         }
        },
        "QueryModelRequest": {
         "fields": {
          "modelId": {
           "type": "bytes",
           "id": 1,
           "protoName": "model_id"
          }
         }
        },
        "QueryModelResponse": {
         "fields": {
          "model": {
           "type": "Model",
           "id": 1
          }
         }
        },
        "QueryModelsRequest": {
         "fields": {
          "limit": {
           "type": "uint32",
           "id": 1
          },
          "startAfter": {
           "type": "bytes",
           "id": 2,
           "protoName": "start_after"
          }
         }
        },
        "QueryModelsResponse": {
         "fields": {
          "models": {
           "rule": "repeated",
           "type": "Model",
           "id": 1
          }
         }
        },
        "QueryProgramRequest": {
         "fields": {
          "modelId": {
           "type": "bytes",
           "id": 1,
           "protoName": "model_id"
          }
         }
        },
        "QueryProgramResponse": {
         "fields": {
          "program": {
           "type": "RegisteredProgram",
           "id": 1
          }
         }
        },
        "QueryServingRequest": {
         "fields": {
          "modelId": {
           "type": "bytes",
           "id": 1,
           "protoName": "model_id"
          },
          "runner": {
           "type": "string",
           "id": 2
          }
         }
        },
        "QueryServingResponse": {
         "fields": {
          "serving": {
           "type": "Serving",
           "id": 1
          },
          "drawn": {
           "type": "bool",
           "id": 2
          },
          "constant": {
           "type": "uint32",
           "id": 3
          },
          "chunk": {
           "type": "uint32",
           "id": 4
          }
         }
        },
        "Params": {
         "fields": {
          "attestersRequired": {
           "type": "uint32",
           "id": 1,
           "protoName": "attesters_required"
          },
          "minBondUaivm": {
           "type": "uint64",
           "id": 2,
           "protoName": "min_bond_uaivm"
          },
          "epochBlocks": {
           "type": "uint64",
           "id": 3,
           "protoName": "epoch_blocks"
          },
          "rRef": {
           "type": "uint64",
           "id": 4,
           "protoName": "r_ref"
          },
          "bRef": {
           "type": "uint64",
           "id": 5,
           "protoName": "b_ref"
          },
          "maxProgramBytes": {
           "type": "uint64",
           "id": 6,
           "protoName": "max_program_bytes"
          },
          "maxRoyaltyBps": {
           "type": "uint32",
           "id": 7,
           "protoName": "max_royalty_bps"
          }
         }
        },
        "QueryParamsRequest": {
         "fields": {}
        },
        "QueryParamsResponse": {
         "fields": {
          "params": {
           "type": "Params",
           "id": 1
          }
         }
        }
       }
      }
     }
    },
    "oracle": {
     "nested": {
      "v1": {
       "nested": {
        "Attester": {
         "fields": {
          "validator": {
           "type": "bytes",
           "id": 1
          },
          "publicKey": {
           "type": "bytes",
           "id": 2,
           "protoName": "public_key"
          },
          "evmAddress": {
           "type": "bytes",
           "id": 3,
           "protoName": "evm_address"
          },
          "power": {
           "type": "uint64",
           "id": 4
          },
          "observer": {
           "type": "string",
           "id": 5
          }
         }
        },
        "AttesterSet": {
         "fields": {
          "setId": {
           "type": "uint64",
           "id": 1,
           "protoName": "set_id"
          },
          "attesters": {
           "rule": "repeated",
           "type": "Attester",
           "id": 2
          }
         }
        },
        "Destination": {
         "fields": {
          "evmChainId": {
           "type": "uint64",
           "id": 1,
           "protoName": "evm_chain_id"
          },
          "oracle": {
           "type": "bytes",
           "id": 2
          },
          "confirmations": {
           "type": "uint32",
           "id": 3
          }
         }
        },
        "Leaf": {
         "fields": {
          "dstChainId": {
           "type": "uint64",
           "id": 1,
           "protoName": "dst_chain_id"
          },
          "oracle": {
           "type": "bytes",
           "id": 2
          },
          "requestId": {
           "type": "bytes",
           "id": 3,
           "protoName": "request_id"
          },
          "requestHash": {
           "type": "bytes",
           "id": 4,
           "protoName": "request_hash"
          },
          "status": {
           "type": "uint32",
           "id": 5
          },
          "outputKeccak": {
           "type": "bytes",
           "id": 6,
           "protoName": "output_keccak"
          },
          "outputRoot": {
           "type": "bytes",
           "id": 7,
           "protoName": "output_root"
          },
          "modelId": {
           "type": "bytes",
           "id": 8,
           "protoName": "model_id"
          },
          "tier": {
           "type": "uint32",
           "id": 9
          },
          "payee": {
           "type": "bytes",
           "id": 10
          },
          "deadline": {
           "type": "uint64",
           "id": 11
          },
          "finalHeight": {
           "type": "uint64",
           "id": 12,
           "protoName": "final_height"
          },
          "aivmRequestId": {
           "type": "bytes",
           "id": 13,
           "protoName": "aivm_request_id"
          }
         }
        },
        "ResultsRoot": {
         "fields": {
          "height": {
           "type": "uint64",
           "id": 1
          },
          "root": {
           "type": "bytes",
           "id": 2
          },
          "leaves": {
           "rule": "repeated",
           "type": "Leaf",
           "id": 3
          },
          "setId": {
           "type": "uint64",
           "id": 4,
           "protoName": "set_id"
          },
          "signatures": {
           "rule": "repeated",
           "type": "RootSignature",
           "id": 5
          }
         }
        },
        "RootSignature": {
         "fields": {
          "index": {
           "type": "uint32",
           "id": 1
          },
          "signature": {
           "type": "bytes",
           "id": 2
          }
         }
        },
        "VoteExtension": {
         "fields": {
          "roots": {
           "rule": "repeated",
           "type": "SignedRoot",
           "id": 1
          }
         }
        },
        "SignedRoot": {
         "fields": {
          "rootHeight": {
           "type": "uint64",
           "id": 1,
           "protoName": "root_height"
          },
          "root": {
           "type": "bytes",
           "id": 2
          },
          "signature": {
           "type": "bytes",
           "id": 3
          }
         }
        },
        "MsgObserveRequest": {
         "fields": {
          "observer": {
           "type": "string",
           "id": 1
          },
          "evmChainId": {
           "type": "uint64",
           "id": 2,
           "protoName": "evm_chain_id"
          },
          "oracle": {
           "type": "bytes",
           "id": 3
          },
          "evmRequestId": {
           "type": "bytes",
           "id": 4,
           "protoName": "evm_request_id"
          },
          "requestHash": {
           "type": "bytes",
           "id": 5,
           "protoName": "request_hash"
          },
          "blockHash": {
           "type": "bytes",
           "id": 6,
           "protoName": "block_hash"
          },
          "blockNumber": {
           "type": "uint64",
           "id": 7,
           "protoName": "block_number"
          },
          "modelId": {
           "type": "bytes",
           "id": 8,
           "protoName": "model_id"
          },
          "input": {
           "type": "bytes",
           "id": 9
          },
          "tier": {
           "type": "uint32",
           "id": 10
          },
          "windowMs": {
           "type": "uint64",
           "id": 11,
           "protoName": "window_ms"
          },
          "evmDeadlineS": {
           "type": "uint64",
           "id": 12,
           "protoName": "evm_deadline_s"
          },
          "maxOutput": {
           "type": "uint32",
           "id": 13,
           "protoName": "max_output"
          }
         }
        },
        "MsgObserveRequestResponse": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          },
          "accepted": {
           "type": "bool",
           "id": 2
          }
         }
        },
        "MsgAddDestination": {
         "fields": {
          "authority": {
           "type": "string",
           "id": 1
          },
          "destination": {
           "type": "Destination",
           "id": 2
          }
         }
        },
        "MsgAddDestinationResponse": {
         "fields": {}
        },
        "MsgReattest": {
         "fields": {
          "sender": {
           "type": "string",
           "id": 1
          },
          "requestId": {
           "type": "bytes",
           "id": 2,
           "protoName": "request_id"
          }
         }
        },
        "MsgReattestResponse": {
         "fields": {}
        },
        "Observation": {
         "fields": {
          "digest": {
           "type": "bytes",
           "id": 1
          },
          "observers": {
           "rule": "repeated",
           "type": "string",
           "id": 2
          }
         }
        },
        "Observations": {
         "fields": {
          "observations": {
           "rule": "repeated",
           "type": "Observation",
           "id": 1
          }
         }
        },
        "LeafLocation": {
         "fields": {
          "height": {
           "type": "uint64",
           "id": 1
          },
          "index": {
           "type": "uint32",
           "id": 2
          }
         }
        },
        "QueryAttesterSetRequest": {
         "fields": {}
        },
        "QueryAttesterSetResponse": {
         "fields": {
          "set": {
           "type": "AttesterSet",
           "id": 1
          },
          "genesisHash": {
           "type": "bytes",
           "id": 2,
           "protoName": "genesis_hash"
          }
         }
        },
        "QueryResultsRootRequest": {
         "fields": {
          "height": {
           "type": "uint64",
           "id": 1
          }
         }
        },
        "QueryResultsRootResponse": {
         "fields": {
          "resultsRoot": {
           "type": "ResultsRoot",
           "id": 1,
           "protoName": "results_root"
          }
         }
        },
        "QueryResultProofRequest": {
         "fields": {
          "requestId": {
           "type": "bytes",
           "id": 1,
           "protoName": "request_id"
          }
         }
        },
        "QueryResultProofResponse": {
         "fields": {
          "attested": {
           "type": "bool",
           "id": 1
          },
          "leaf": {
           "type": "Leaf",
           "id": 2
          },
          "root": {
           "type": "bytes",
           "id": 3
          },
          "rootHeight": {
           "type": "uint64",
           "id": 4,
           "protoName": "root_height"
          },
          "index": {
           "type": "uint32",
           "id": 5
          },
          "path": {
           "rule": "repeated",
           "type": "bytes",
           "id": 6
          },
          "setId": {
           "type": "uint64",
           "id": 7,
           "protoName": "set_id"
          },
          "bitmap": {
           "type": "bytes",
           "id": 8
          },
          "signatures": {
           "rule": "repeated",
           "type": "bytes",
           "id": 9
          },
          "output": {
           "type": "bytes",
           "id": 10
          }
         }
        },
        "QueryDestinationsRequest": {
         "fields": {}
        },
        "QueryDestinationsResponse": {
         "fields": {
          "destinations": {
           "rule": "repeated",
           "type": "Destination",
           "id": 1
          }
         }
        },
        "Params": {
         "fields": {
          "authority": {
           "type": "string",
           "id": 1
          },
          "keepRoots": {
           "type": "uint64",
           "id": 2,
           "protoName": "keep_roots"
          }
         }
        },
        "QueryParamsRequest": {
         "fields": {}
        },
        "QueryParamsResponse": {
         "fields": {
          "params": {
           "type": "Params",
           "id": 1
          }
         }
        }
       }
      }
     }
    },
    "runner": {
     "nested": {
      "v1": {
       "nested": {
        "Runner": {
         "fields": {
          "operator": {
           "type": "string",
           "id": 1
          },
          "payee": {
           "type": "bytes",
           "id": 2
          },
          "bondUaivm": {
           "type": "uint64",
           "id": 3,
           "protoName": "bond_uaivm"
          },
          "lockedUaivm": {
           "type": "uint64",
           "id": 4,
           "protoName": "locked_uaivm"
          },
          "endpoint": {
           "type": "string",
           "id": 5
          },
          "registeredHeight": {
           "type": "uint64",
           "id": 6,
           "protoName": "registered_height"
          },
          "jobsFinal": {
           "type": "uint64",
           "id": 7,
           "protoName": "jobs_final"
          },
          "disputesLost": {
           "type": "uint64",
           "id": 8,
           "protoName": "disputes_lost"
          },
          "unbondingUaivm": {
           "type": "uint64",
           "id": 9,
           "protoName": "unbonding_uaivm"
          },
          "unbondingUntilMs": {
           "type": "uint64",
           "id": 10,
           "protoName": "unbonding_until_ms"
          },
          "jailed": {
           "type": "bool",
           "id": 11
          },
          "inPlayUaivm": {
           "type": "uint64",
           "id": 12,
           "protoName": "in_play_uaivm"
          }
         }
        },
        "MsgRegisterRunner": {
         "fields": {
          "operator": {
           "type": "string",
           "id": 1
          },
          "payee": {
           "type": "bytes",
           "id": 2
          },
          "bondUaivm": {
           "type": "uint64",
           "id": 3,
           "protoName": "bond_uaivm"
          },
          "endpoint": {
           "type": "string",
           "id": 4
          }
         }
        },
        "MsgRegisterRunnerResponse": {
         "fields": {}
        },
        "MsgAddBond": {
         "fields": {
          "operator": {
           "type": "string",
           "id": 1
          },
          "amountUaivm": {
           "type": "uint64",
           "id": 2,
           "protoName": "amount_uaivm"
          }
         }
        },
        "MsgAddBondResponse": {
         "fields": {}
        },
        "MsgUnbond": {
         "fields": {
          "operator": {
           "type": "string",
           "id": 1
          },
          "amountUaivm": {
           "type": "uint64",
           "id": 2,
           "protoName": "amount_uaivm"
          }
         }
        },
        "MsgUnbondResponse": {
         "fields": {
          "paidAtMs": {
           "type": "uint64",
           "id": 1,
           "protoName": "paid_at_ms"
          }
         }
        },
        "QueryRunnerRequest": {
         "fields": {
          "operator": {
           "type": "string",
           "id": 1
          }
         }
        },
        "QueryRunnerResponse": {
         "fields": {
          "runner": {
           "type": "Runner",
           "id": 1
          }
         }
        },
        "QueryRunnersRequest": {
         "fields": {
          "limit": {
           "type": "uint32",
           "id": 1
          },
          "startAfter": {
           "type": "string",
           "id": 2,
           "protoName": "start_after"
          }
         }
        },
        "QueryRunnersResponse": {
         "fields": {
          "runners": {
           "rule": "repeated",
           "type": "Runner",
           "id": 1
          }
         }
        },
        "Params": {
         "fields": {
          "minBondUaivm": {
           "type": "uint64",
           "id": 1,
           "protoName": "min_bond_uaivm"
          },
          "unbondingMs": {
           "type": "uint64",
           "id": 2,
           "protoName": "unbonding_ms"
          }
         }
        },
        "QueryParamsRequest": {
         "fields": {}
        },
        "QueryParamsResponse": {
         "fields": {
          "params": {
           "type": "Params",
           "id": 1
          }
         }
        }
       }
      }
     }
    },
    "tee": {
     "nested": {
      "v1": {
       "nested": {
        "Enclave": {
         "fields": {
          "keyId": {
           "type": "bytes",
           "id": 1,
           "protoName": "key_id"
          },
          "node": {
           "type": "string",
           "id": 2
          },
          "keyConfig": {
           "type": "bytes",
           "id": 3,
           "protoName": "key_config"
          },
          "kind": {
           "type": "string",
           "id": 4
          },
          "evidence": {
           "type": "bytes",
           "id": 5
          },
          "anchor": {
           "type": "bytes",
           "id": 6
          },
          "registeredHeight": {
           "type": "uint64",
           "id": 7,
           "protoName": "registered_height"
          },
          "simulated": {
           "type": "bool",
           "id": 8
          },
          "endpoint": {
           "type": "string",
           "id": 9
          }
         }
        },
        "PrivateQueryStatus": {
         "values": {
          "PRIVATE_QUERY_STATUS_UNSPECIFIED": 0,
          "PRIVATE_QUERY_STATUS_OPEN": 1,
          "PRIVATE_QUERY_STATUS_SETTLED": 2,
          "PRIVATE_QUERY_STATUS_REFUNDED": 3
         }
        },
        "PrivateQuery": {
         "fields": {
          "queryId": {
           "type": "bytes",
           "id": 1,
           "protoName": "query_id"
          },
          "sender": {
           "type": "string",
           "id": 2
          },
          "modelId": {
           "type": "bytes",
           "id": 3,
           "protoName": "model_id"
          },
          "inputCommit": {
           "type": "bytes",
           "id": 4,
           "protoName": "input_commit"
          },
          "envelopeHash": {
           "type": "bytes",
           "id": 5,
           "protoName": "envelope_hash"
          },
          "keyIds": {
           "rule": "repeated",
           "type": "bytes",
           "id": 6,
           "protoName": "key_ids"
          },
          "feeUaivm": {
           "type": "uint64",
           "id": 7,
           "protoName": "fee_uaivm"
          },
          "expiryHeight": {
           "type": "uint64",
           "id": 8,
           "protoName": "expiry_height"
          },
          "status": {
           "type": "PrivateQueryStatus",
           "id": 9
          },
          "openedHeight": {
           "type": "uint64",
           "id": 10,
           "protoName": "opened_height"
          },
          "receiptHash": {
           "type": "bytes",
           "id": 11,
           "protoName": "receipt_hash"
          },
          "outputCommit": {
           "type": "bytes",
           "id": 12,
           "protoName": "output_commit"
          },
          "keyId": {
           "type": "bytes",
           "id": 13,
           "protoName": "key_id"
          },
          "units": {
           "type": "uint32",
           "id": 14
          },
          "receiptStatus": {
           "type": "uint32",
           "id": 15,
           "protoName": "receipt_status"
          },
          "settledHeight": {
           "type": "uint64",
           "id": 16,
           "protoName": "settled_height"
          },
          "simulated": {
           "type": "bool",
           "id": 17
          }
         }
        },
        "MsgRegisterEnclave": {
         "fields": {
          "node": {
           "type": "string",
           "id": 1
          },
          "keyConfig": {
           "type": "bytes",
           "id": 2,
           "protoName": "key_config"
          },
          "kind": {
           "type": "string",
           "id": 3
          },
          "evidence": {
           "type": "bytes",
           "id": 4
          },
          "anchorHeight": {
           "type": "uint64",
           "id": 5,
           "protoName": "anchor_height"
          },
          "endpoint": {
           "type": "string",
           "id": 6
          }
         }
        },
        "MsgRegisterEnclaveResponse": {
         "fields": {
          "keyId": {
           "type": "bytes",
           "id": 1,
           "protoName": "key_id"
          }
         }
        },
        "MsgOpenPrivateQuery": {
         "fields": {
          "sender": {
           "type": "string",
           "id": 1
          },
          "nonce": {
           "type": "uint64",
           "id": 2
          },
          "modelId": {
           "type": "bytes",
           "id": 3,
           "protoName": "model_id"
          },
          "inputCommit": {
           "type": "bytes",
           "id": 4,
           "protoName": "input_commit"
          },
          "envelopeHash": {
           "type": "bytes",
           "id": 5,
           "protoName": "envelope_hash"
          },
          "keyIds": {
           "rule": "repeated",
           "type": "bytes",
           "id": 6,
           "protoName": "key_ids"
          },
          "feeUaivm": {
           "type": "uint64",
           "id": 7,
           "protoName": "fee_uaivm"
          },
          "expiryHeight": {
           "type": "uint64",
           "id": 8,
           "protoName": "expiry_height"
          }
         }
        },
        "MsgOpenPrivateQueryResponse": {
         "fields": {
          "queryId": {
           "type": "bytes",
           "id": 1,
           "protoName": "query_id"
          }
         }
        },
        "MsgSettlePrivateQuery": {
         "fields": {
          "sender": {
           "type": "string",
           "id": 1
          },
          "receipt": {
           "type": "bytes",
           "id": 2
          }
         }
        },
        "MsgSettlePrivateQueryResponse": {
         "fields": {}
        },
        "QueryEnclaveRequest": {
         "fields": {
          "keyId": {
           "type": "bytes",
           "id": 1,
           "protoName": "key_id"
          }
         }
        },
        "QueryEnclaveResponse": {
         "fields": {
          "enclave": {
           "type": "Enclave",
           "id": 1
          }
         }
        },
        "QueryEnclavesRequest": {
         "fields": {}
        },
        "QueryEnclavesResponse": {
         "fields": {
          "enclaves": {
           "rule": "repeated",
           "type": "Enclave",
           "id": 1
          }
         }
        },
        "QueryPrivateQueryRequest": {
         "fields": {
          "queryId": {
           "type": "bytes",
           "id": 1,
           "protoName": "query_id"
          }
         }
        },
        "QueryPrivateQueryResponse": {
         "fields": {
          "query": {
           "type": "PrivateQuery",
           "id": 1
          }
         }
        },
        "Params": {
         "fields": {
          "allowMock": {
           "type": "bool",
           "id": 1,
           "protoName": "allow_mock"
          },
          "mockRoot": {
           "type": "bytes",
           "id": 2,
           "protoName": "mock_root"
          },
          "allowedMeasurements": {
           "rule": "repeated",
           "type": "bytes",
           "id": 3,
           "protoName": "allowed_measurements"
          },
          "maxAnchorAgeBlocks": {
           "type": "uint64",
           "id": 4,
           "protoName": "max_anchor_age_blocks"
          },
          "minFeeUaivm": {
           "type": "uint64",
           "id": 5,
           "protoName": "min_fee_uaivm"
          },
          "maxExpiryBlocks": {
           "type": "uint64",
           "id": 6,
           "protoName": "max_expiry_blocks"
          },
          "maxEvidenceAgeS": {
           "type": "uint64",
           "id": 7,
           "protoName": "max_evidence_age_s"
          }
         }
        },
        "QueryParamsRequest": {
         "fields": {}
        },
        "QueryParamsResponse": {
         "fields": {
          "params": {
           "type": "Params",
           "id": 1
          }
         }
        }
       }
      }
     }
    }
   }
  }
 }
};
